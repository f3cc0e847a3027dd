"""Forward models of the microscope."""
