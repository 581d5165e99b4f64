import time, resource, pytest
from datetime import timedelta
from django.db import connection
from django.test.utils import CaptureQueriesContext
from consent.catalogue.demo_offers import demo_offers
from customerdata.models import *
from customerdata.usage.store import Delivery, write_many
from customerdata.usage.columns import make_column
from registration.services.offers import load_offers
from tests.customerdata.api.segments_world import *
from decimal import Decimal
@pytest.mark.django_db
@pytest.mark.parametrize("hidden",[False,True])
def test_perf(hidden, capsys):
    load_offers(demo_offers().values())
    t=time.time()
    home=Household(services=1200)
    allseries=[]
    for s in home.services: allseries.append(series_of(s, interval=3600, columns=[NET]))
    with capsys.disabled(): print("structure", time.time()-t)
    t=time.time()
    col=make_column(NET,[Decimal(i%97)/4 for i in range(24*3)])
    for chunk in range(0,1200,100):
        ds=[]
        for s in allseries[chunk:chunk+100]:
            for m in range(24):
                st=MARCH.replace(year=2024+(m//12), month=m%12+1)
                ds.append(Delivery(s,st,[col],T1,T1))
        write_many(ds)
    with capsys.disabled(): print("write", time.time()-t, UsagePack.objects.count())
    inc=("include_usage_segments","include_service_contracts") if hidden else SHOWN
    t=time.time()
    grant=grant_over(home, usage(NET_ID, includes=inc, segment_start=MARCH.replace(year=2024,month=1,day=2)))
    with capsys.disabled(): print("grant", time.time()-t)
    with connection.cursor() as c:
        c.execute("ANALYZE")
        c.execute("SHOW jit"); jit=c.fetchone()
    with capsys.disabled():
        print("jit",jit)
        for run in range(3):
            t=time.time()
            with CaptureQueriesContext(connection) as q: p=ask(grant)
            print("page", len(p["usage_segments"]), time.time()-t, [(x["sql"][:60].replace("\n"," "),x["time"]) for x in q])
        page=p; n=0; tt=[]
        while page["next"] and n<30:
            t=time.time(); page=follow(grant,page["next"]); tt.append(time.time()-t); n+=1
        print("pages", max(tt), sum(tt)/len(tt))
        t=time.time(); p=ask(grant, meter_numbers=home.services[1100].meter.versions.get().meter_number); print("meter filter", len(p["usage_segments"]), time.time()-t)
        t=time.time(); p=ask(grant, cds_usagesegment_ids=page["usage_segments"][5]["cds_usagesegment_id"]); print("id filter", len(p["usage_segments"]), time.time()-t)
        t=time.time(); p=ask(grant, after="2025-11-01T00:00:00Z"); print("after", len(p["usage_segments"]), time.time()-t)
        for x in q:
            if "unnest" in x["sql"]:
                with connection.cursor() as c:
                    c.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "+x["sql"]); out="\n".join(r[0] for r in c.fetchall())
                open(f"/tmp/plan_{hidden}.txt","w").write(out); print(out[-900:])
