"""`make bench`: ratios to what others make of the same work.

The usage listing against nginx and a plain serializer; the token endpoint and introspection
against vanilla django-oauth-toolkit and npm oidc-provider. One worker each, keep-alive
connections, warm, rounds in turn, medians. Prepared statements against none. The audit trail
against itself, short and long.
"""

import argparse

from benchmarks import audit, prepared, tokens, usage

PARTS = {
    "usage": usage.run,
    "tokens": tokens.run,
    "prepared": prepared.run,
    "audit": audit.run,
}


def main() -> None:
    """Run the comparisons asked for, by default all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; else all")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of one run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--events", type=int, default=1_000_000, help="length of the audit trail")
    options = parser.parse_args()
    for name in options.parts or PARTS:
        if name not in PARTS:
            parser.error(f"{name} is none of {', '.join(PARTS)}")
        PARTS[name](options)


if __name__ == "__main__":
    main()
