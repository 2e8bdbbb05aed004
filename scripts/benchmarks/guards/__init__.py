"""Our chain of filters beside the guards of others: `scripts/bench chain`."""
