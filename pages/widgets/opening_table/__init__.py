"""Tables in which a click on a row opens it."""
