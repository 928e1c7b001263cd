"""Productions: files of nodes whose results are made from each other, and paid for once."""
