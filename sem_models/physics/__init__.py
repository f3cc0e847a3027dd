"""Forward models of the microscope, their estimation from images, and simulated specimens."""
