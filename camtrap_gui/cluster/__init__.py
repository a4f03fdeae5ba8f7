"""Work on more machines than one: in shards, where nothing but a shared folder connects them, or with Ray.

A *task* says what is to be done to what (``tasks``): look for animals in images (``detection``), or look at crops with a
backbone (``embedding``). ``leasing`` gives out leases of it to a *crew* of workers (``ray_crew``) and keeps what comes
back; what runs on the other machines is ``ray_worker`` with the task's *tool*. ``connection_test`` says whether a
cluster can be used.

While a crew works, ``Progress.values`` has, beside the counts of the step, these for whoever shows them:

- ``workers``: a list with one dict for each worker, by number (``workers.Worker.values``): ``name`` (computer and number),
  ``host``, ``rate`` (pictures or crops per second while it worked; 0.0: not known yet), ``done`` (how many it has sent
  back), ``share`` (of all that was done in this run, 0..1), ``hours`` (it was engaged for, idle or not: what is paid),
  ``cost`` (hours x price; None without a price), ``cost_per_1000`` (pictures or crops; None without a price or while it
  has done none), ``state`` ("starting", "working", "idle", "gave up") and ``deaths`` (how often it was started again).
- ``hours``: of all workers; ``cost``: of all workers, only with a price.
"""
