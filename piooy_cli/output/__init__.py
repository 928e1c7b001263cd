"""What people, programs and pipes see."""
