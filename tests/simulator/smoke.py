import sys,time,logging
sys.path.insert(0,'/work/main')
from tests.simulator.world import Setup, run
logging.disable(logging.CRITICAL)
t=time.time()
o=run(Setup(seed=int(sys.argv[1]),jobs=int(sys.argv[2]),days=float(sys.argv[3])))
print(time.time()-t, o.figures,o.ends,o.answers,o.alarms, len(o.history.events), o.history.fingerprint())
for v in o.violations[:5]: print(v)
if o.violations:
    for e in o.history.of(frozenset({o.violations[0].subject})): print(e)
