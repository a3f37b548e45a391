"""Figures of calendar trials: each number where it belongs, its error beside it, and names shown as they are."""

import pytest

from trialsim import distributions as d
from trialsim import load_scenario
from trialsim.oc.mcse import Estimate, proportion
from trialsim.report.plots.adverse_events import adverse_events
from trialsim.report.plots.calendar_frame import number_words, share_words
from trialsim.report.plots.convergence import convergence
from trialsim.report.plots.distribution import distribution
from trialsim.report.plots.enrolment_curve import enrolment_curve
from trialsim.report.plots.estimates import estimates, label_of
from trialsim.report.plots.survival_bands import survival_bands
from trialsim.simulation import costs, grow, with_survival_grid

N = 1_000
PLOTS = ("adverse_events", "convergence", "distribution", "enrolment_curve", "estimates", "survival_bands")


@pytest.fixture(scope="module")
def steps():
    return list(
        grow(with_survival_grid(load_scenario("gist"), 5), "weak", N, measures=("p_stop", "n_mean", "p_success"))
    )


@pytest.fixture(scope="module")
def case(steps):
    last = steps[-1]
    return last.scenario.designs()[0][1], last.scenario.conduct, last.tally


def quantity(case, key):
    return next(item for item in d.quantities(case[0], case[2]) if item.key == key)


def drawn(case, steps):
    return {
        "adverse_events": adverse_events(d.adverse_events(*case), N),
        "convergence": convergence([(step.n_done, costs(step.result)[0]) for step in steps]),
        "distribution": distribution(d.distribution(case[2], quantity(case, "overrun.0"))),
        "enrolment_curve": enrolment_curve(d.enrolment_curve(*case)),
        "estimates": estimates(costs(steps[-1].result), N),
        "survival_bands": survival_bands(d.survival_bands(*case, "os"), "os"),
    }


@pytest.mark.parametrize("name", PLOTS)
def test_every_figure_says_how_it_was_made(case, steps, name):
    figure = drawn(case, steps)[name]
    words = " ".join(figure.layout.meta["notes"])
    assert "Simulated" in words
    assert f"{N:,}" in words
    assert "MCSE" in words
    assert figure.layout.meta["title"]
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
    assert figure.layout.legend.orientation == "h"


def test_enrolment_and_its_looks(case):
    curve = d.enrolment_curve(*case)
    figure = enrolment_curve(curve)
    line = next(trace for trace in figure.data if trace.name == "patients enrolled, mean")
    assert list(line.x) == [point.day for point in curve.points]
    assert list(line.y) == [point.mean.value for point in curve.points]
    assert "MCSE" in line.hovertext[5]
    for number, look in enumerate(curve.looks):
        area, mark = [trace for trace in figure.data if trace.legendgroup == f"look {number}"]
        assert (min(area.x), max(area.x)) == (look.day.low.value, look.day.high.value)
        assert set(mark.x) == {look.day.mean.value}
        assert mark.y[1] == look.enrolled.value
        assert share_words(look.takes_place) in mark.hovertext
        assert f"{look.name} takes place: {share_words(look.takes_place)}" in " ".join(figure.layout.meta["notes"])


def test_bars_stand_on_their_numbers(case):
    found = d.distribution(case[2], quantity(case, "overrun.0"))
    bars, median, ends = distribution(found).data
    assert list(bars.y) == [bin_.share.value for bin_ in found.bins]
    assert list(bars.error_y.array) == pytest.approx([1.96 * bin_.share.mcse for bin_ in found.bins])
    for x, bin_ in zip(bars.x, found.bins, strict=True):
        assert x == (bin_.low + bin_.high - 1) / 2  # whole patients
    assert set(median.x) == {found.median.value}
    assert {x for x in ends.x if x is not None} == {found.low.value, found.high.value}


def test_bars_of_times_fill_their_range(case):
    found = d.distribution(case[2], quantity(case, "duration"))
    bars = distribution(found).data[0]
    assert list(bars.x) == pytest.approx([(bin_.low + bin_.high) / 2 for bin_ in found.bins])


def test_a_number_that_no_trial_has(case):
    empty = d.distribution(type(case[2]).empty(case[2].sums.columns), quantity(case, "overrun.1"))
    figure = distribution(empty)
    assert len(figure.data) == 1
    assert "in none of them" in figure.layout.meta["notes"][0]


def test_survival_of_each_arm(case):
    bands = d.survival_bands(*case, "ttf")
    figure = survival_bands(bands, "ttf")
    for arm, own in enumerate(bands):
        area, line = [trace for trace in figure.data if trace.legendgroup == f"arm {arm}"]
        assert list(line.y) == [point.mean.value for point in own.points]
        n = len(own.points)
        assert list(area.y[:n]) == [point.high.value for point in own.points]
        assert list(area.y[n:]) == [point.low.value for point in reversed(own.points)]
        assert line.name == own.arm
    assert len({trace.line.dash for trace in figure.data if trace.name}) == 2


def test_adverse_events_of_each_arm(case):
    shares = d.adverse_events(*case)
    figure = adverse_events(shares, N)
    assert [trace.name for trace in figure.data] == [
        "400 mg, any grade",
        "400 mg, severe",
        "600 mg, any grade",
        "600 mg, severe",
    ]
    severe = next(trace for trace in figure.data if trace.name == "600 mg, severe")
    own = [share.severe for share in shares if share.arm == "600 mg"]
    assert list(severe.x) == [estimate.value for estimate in own]
    assert list(severe.error_x.array) == pytest.approx([1.96 * estimate.mcse for estimate in own])
    assert severe.marker.symbol.endswith("-open")
    assert "none seen (95 %" in " ".join(severe.hovertext)  # nobody has myalgia of grade 3 or 4
    assert figure.layout.yaxis.ticktext[0] == "at least one"


def test_estimates_beside_their_exact_values(steps):
    records = costs(steps[-1].result)
    figure = estimates(records, N)
    exact = [x for trace in figure.data if trace.name == "on paper (exact)" for x in trace.x]
    found = [x for trace in figure.data if trace.name.startswith("as conducted") for x in trace.x]
    order = [r for r in records if r.measure != "n_mean"] + [r for r in records if r.measure == "n_mean"]
    assert exact == [record.exact for record in order]
    assert found == [record.estimate for record in order]
    bars = [half for trace in figure.data if trace.name.startswith("as conducted") for half in trace.error_x.array]
    for half, record in zip(bars, order, strict=True):
        least = (record.bound or 0.0) - record.estimate if record.estimate == 0 else 1.96 * record.mcse
        assert half == pytest.approx(least)
    assert [note.text for note in figure.layout.annotations] == [label_of(record) for record in order]


def test_the_band_shrinks(steps):
    records = [(step.n_done, costs(step.result)[0]) for step in steps]
    area, line, exact = convergence(records).data
    assert list(line.x) == [500, N]
    widths = [area.y[place] - area.y[len(area.y) - 1 - place] for place in range(len(line.x))]
    assert widths[0] > widths[-1] > 0
    assert widths[-1] == pytest.approx(2 * 1.96 * records[-1][1].mcse)
    assert set(exact.y) == {records[0][1].exact}


def test_nothing_simulated_yet():
    assert "Nothing is simulated yet" in convergence([]).layout.meta["notes"][0]
    assert not estimates((), 0).data


def test_names_are_no_html(case, steps):
    record = costs(steps[-1].result)[0]._replace(arm="<b>A</b>")
    assert "<b>A" not in estimates([record], N).layout.annotations[0].text
    share = d.adverse_events(*case)[0]._replace(event="<img>", arm="<i>")
    figure = adverse_events([share], N)
    assert "<img>" not in figure.layout.yaxis.ticktext[0] + figure.data[0].hovertext[0]
    assert "<i>" not in figure.data[0].name
    bands = [d.survival_bands(*case, "os")[0]._replace(arm="<i>")]
    assert survival_bands(bands, "os").data[1].name == "&lt;i&gt;"


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (proportion(0, 1000), "none seen (95 %: under 0.37 %)"),
        (proportion(1000, 1000), "all (95 %: over 99.63 %)"),
        (proportion(500, 1_000_000), "0.050 % (MCSE 0.0022 %)"),
        (Estimate(None, None, 0, "mean"), "–"),
    ],
)
def test_shares_in_words(estimate, words):
    assert share_words(estimate) == words


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(147.0, 0.0, 10, "mean"), "147 (in every trial)"),
        (Estimate(111.0, 0.0, 10, "quantile"), "111 (the same at ±1 MCSE)"),
        (Estimate(12.3456, 0.0123, 10, "mean"), "12.35 (MCSE 0.012)"),
        (Estimate(None, None, 0, "quantile"), "–"),
    ],
)
def test_numbers_in_words(estimate, words):
    assert number_words(estimate) == words
