# SPDX-License-Identifier: LGPL-2.1-or-later
"""What came out, an operator a line."""

_HEAD = ("operator", "trials", "exact", "errors", "by rule", "difference", "tolerated because")
_LINE = "%-52s %6s %6s %6s %7s  %-14s %s"


def _difference(tally):
    if tally.share:
        return "%.2g of bound" % tally.share
    if tally.ulps:
        return "%.3g ulp" % tally.ulps
    return "1 step" if tally.ties else "0"


class Report:
    """Prints as it goes, and knows at the end whether all is well."""

    def __init__(self, shown):
        self.shown = shown
        self.status = 0
        self.rows = self.trials = self.exact = self.failures = 0
        self.short = []
        print(_LINE % _HEAD)

    def add(self, tally):
        reasons = ["%s (%d)" % item for item in sorted(tally.tolerated.items())]
        if tally.ties:
            reasons.insert(0, "ties that PyTorch rounds otherwise (%d elements)" % tally.ties)
        if tally.nearer:
            reasons.insert(0, "nearer to the result in float64 (%d elements)" % tally.nearer)
        print(_LINE % (tally.row.title, tally.trials, tally.exact, tally.errors, tally.by_rule, _difference(tally),
                       "; ".join(reasons)), flush=True)
        for failure in tally.failures[:self.shown]:
            print("  FAILED: %s" % failure, flush=True)
        if len(tally.failures) > self.shown:
            print("  FAILED: %d more" % (len(tally.failures) - self.shown))
        self.rows += 1
        self.trials += tally.trials
        self.exact += tally.exact
        self.failures += len(tally.failures)
        self.status |= bool(tally.failures)
        self.short.append(tally)

    def complain(self, text):
        print("FAILED: %s" % text)
        self.failures += 1
        self.status = 1

    def close(self, wanted, seconds):
        for tally in self.short:
            if tally.trials < wanted:
                self.complain("%s: %d trials instead of %d; PyTorch had no kernel for %d more" %
                              (tally.row.title, tally.trials, wanted, tally.without_kernel))
        print("\n%d operators, %d trials, %d exact, %d failures, %.0f s" %
              (self.rows, self.trials, self.exact, self.failures, seconds))
