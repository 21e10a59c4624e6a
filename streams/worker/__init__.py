"""The worker: Faust's membership and assignment around the tasks. Only here Faust is imported."""
