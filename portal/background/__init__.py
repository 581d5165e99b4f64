"""Work after the response: the outbox, emails, the schedule, and the queues."""
