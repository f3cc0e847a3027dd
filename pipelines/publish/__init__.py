"""What a paper or a report says about runs: a methods section, tables, and a page that holds both."""
