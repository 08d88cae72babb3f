"""What engines take, as they document it: tables of facts, each with its source. No rule is in here."""
