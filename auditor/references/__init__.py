"""What an honest fine-tune would do with the user's base and clean data: heads to compare with."""
