"""What a file is and whether it is whole, told from its bytes."""
