"""Structure of the code in a checkout, counted by script so that it can be compared before and after a change."""
