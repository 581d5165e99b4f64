"""Work after the answer: the outbox, mail, what runs by the clock, and in which queue."""
