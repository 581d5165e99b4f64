"""The same page from memory: what the parts below the listing leave of nginx's throughput.

`bare` is the web server alone; `wsgi` adds the product's middleware, token and rate limits.
"""
