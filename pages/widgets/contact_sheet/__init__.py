"""A contact sheet: small pictures in sections, chosen by mouse or keyboard, dragged from one section to another."""
