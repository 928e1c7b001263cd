"""Orders and tasks on disk: the protocol of an order store, and its stores."""
