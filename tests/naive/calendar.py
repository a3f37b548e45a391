"""One trial on the calendar, patient by patient and event by event: the naive twin of docs/calendar-conduct.md.

Sections cited without a page are those of docs/calendar-conduct.md; "ideal" is docs/ideal-conduct.md.
Enrolment is never continued: after every stop and hold it is replayed from the first patient, as if nothing further
were to happen. What has entered by the minute of the next event is then what truly entered.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import cos, exp, floor, fsum, isinf, log, pi, sin, sqrt
from typing import Any, NamedTuple

from tests.naive.trial import threefry2x64

Trial = dict[str, Any]
Look = dict[str, Any]
Value = int | float | None
Columns = dict[str, Value]
Observation = tuple[int, bool]  # time, whether it ended with the event
Step = tuple[int, Fraction, float]  # event time, Kaplan-Meier estimate from then on, Greenwood's sum
Criterion = tuple[list[int], list["Patient"]]  # least number of responses by number counted, patients it is asked of

DAY = 1_440
MONTH = 43_830
NEVER = 2**30
HORIZON = 36_525 * DAY

ENTRY, ALLOCATION, RESPONSE, COURSE, LEAVING, AFTER_PROGRESSION, CROSSOVER, TOXICITY = range(2, 10)
PERFORMANCE, EXPOSURE, ADVERSE = range(10, 13)

CONTINUE, FUTILITY, EFFICACY, TOXIC = range(4)
WENT_ON = -1
BETWEEN_LOOKS = -2
ENTERED = ("failures", "deaths", "day")  # the kinds of look whose population is all who have entered


# ---------------------------------------------------------------- section 2: random numbers


class Source(NamedTuple):
    """The stream of one replicate."""

    seed: int
    replicate: int

    def words(self, purpose: int, index: int) -> tuple[int, int]:
        return threefry2x64((self.replicate, index), (self.seed, purpose))

    def uniforms(self, purpose: int, index: int) -> tuple[float, float]:
        w0, w1 = self.words(purpose, index)
        return uniform(w0), uniform(w1)

    def normals(self, purpose: int, index: int) -> tuple[float, float]:
        u0, u1 = self.uniforms(purpose, index)
        radius = sqrt(-2 * log(u0))
        return radius * cos(2 * pi * u1), radius * sin(2 * pi * u1)


def uniform(word: int) -> float:
    """The number strictly between 0 and 1 that the upper 52 bits of a word make (section 2)."""
    return (2 * (word // 2**12) + 1) / 2**53


def choice(cumulative: list[float], u: float) -> int:
    """The smallest k with u < c_k, the last one if there is none (section 2)."""
    for k, share in enumerate(cumulative):
        if u < share:
            return k
    return len(cumulative) - 1


# ---------------------------------------------------------------- section 1: time


def exponential(u: float, mean: float) -> int:
    """An exponential time in whole minutes, NEVER from the horizon on (section 1)."""
    if isinf(mean):
        return NEVER
    time = -log(u) * mean
    return NEVER if time >= HORIZON else floor(time)


def plus(start: int, duration: int) -> int:
    """A sum of times; at or beyond NEVER it is NEVER (section 5, 3)."""
    return min(start + duration, NEVER)


# ---------------------------------------------------------------- section 3: arrival, hold, entry


def waiting(source: Source, n: int) -> list[float]:
    """S_0 … S_{n-1}: the running sums of the unit gaps (section 3)."""
    sums = []
    so_far = 0.0
    for patient in range(n):
        so_far += -log(source.uniforms(ENTRY, patient)[0])
        sums.append(so_far)
    return sums


def poisson_arrival(starts: list[int], rates: list[float], s: float) -> int:
    """When the integral of the rate reaches s (section 3, Poisson)."""
    integral = 0.0
    for k, (start, rate) in enumerate(zip(starts, rates, strict=True)):
        is_last = k == len(starts) - 1
        gained = 0.0 if is_last else rate * (starts[k + 1] - start) / MONTH
        if rate > 0 and (is_last or s < integral + gained):
            time = start + (s - integral) * (MONTH / rate)
            return NEVER if time >= HORIZON else floor(time)
        integral += gained
    return NEVER


def arrivals(trial: Trial, source: Source) -> list[int]:
    """The minute of the enrolment clock at which each planned patient comes (section 3)."""
    entry = trial["entry"]
    n = sum(trial["cap"])
    if entry["law"] == "given":
        return (list(entry["minutes"]) + [NEVER] * n)[:n]
    if entry["law"] == "poisson":
        return [poisson_arrival(entry["start"], entry["rate"], s) for s in waiting(source, n)]
    sums = waiting(source, n)
    gaps = [s - before for s, before in zip(sums, [0.0, *sums], strict=False)]
    shares = [gap / (j + 1) for j, gap in enumerate(gaps)]
    return [floor(entry["width"] * exp(-fsum(shares[i:]) / entry["power"])) for i in range(n)]


class Hold(NamedTuple):
    """A stretch of time in which the enrolment clock stands still."""

    begin: int
    end: int


def entry_minute(arrival: int, holds: list[Hold]) -> int:
    """The arrival, later by every hold that began before it (section 3)."""
    minute = arrival
    for hold in holds:
        if minute > hold.begin:
            minute = plus(minute, hold.end - hold.begin)
    return minute


# ---------------------------------------------------------------- section 4: randomisation


class RandomisationList:
    """The list of places, opened one at a time (section 4)."""

    def __init__(self, trial: Trial, source: Source) -> None:
        self.ratio = trial["ratio"]
        self.sizes = trial["block_sizes"]
        self.source = source
        self.n_used = 0
        self.left_in_block = [0] * len(self.ratio)

    def next_place(self) -> int:
        """The arm of the next place."""
        w0, w1 = self.source.words(ALLOCATION, self.n_used)
        if sum(self.left_in_block) == 0:
            size = self.sizes[(w1 // 2**32) * len(self.sizes) // 2**32]
            self.left_in_block = [size * share // sum(self.ratio) for share in self.ratio]
        point = (w0 // 2**32) * sum(self.left_in_block) // 2**32
        arm = 0
        while sum(self.left_in_block[: arm + 1]) <= point:
            arm += 1
        self.left_in_block[arm] -= 1
        self.n_used += 1
        return arm

    def next_open_place(self, is_open: list[bool]) -> int:
        """The arm of the next place whose arm is open; the places on the way are used up."""
        arm = self.next_place()
        while not is_open[arm]:
            arm = self.next_place()
        return arm


def shared_out(n: int, ratio: list[int], stopped: set[int]) -> list[int]:
    """`n` patients dealt one at a time, from zero, among the arms that have not stopped (ideal, section 1, caps)."""
    shares = [0] * len(ratio)
    for _ in range(n):
        candidates = [arm for arm in range(len(ratio)) if arm not in stopped]
        chosen = min(candidates, key=lambda arm: (Fraction(shares[arm], ratio[arm]), arm))
        shares[chosen] += 1
    return shares


def caps_now(trial: Trial, n_patients: list[int], stopped: set[int]) -> list[int]:
    """The caps, given which arms have stopped and with how many patients (ideal, section 1, an arm that stops)."""
    caps = list(trial["cap"])
    if trial["when_arm_stops"] != "refill" or not stopped or len(stopped) == len(caps):
        return caps
    unused = sum(caps[arm] - n_patients[arm] for arm in stopped)
    shares = shared_out(unused, trial["ratio"], stopped)
    return [cap + share for cap, share in zip(caps, shares, strict=True)]


class Stop(NamedTuple):
    """An arm that stopped, and when: patients who enter later go elsewhere."""

    minute: int
    arm: int


class Place(NamedTuple):
    """A patient's number, arm and entry."""

    number: int
    arm: int
    entry: int


def last_entry_allowed(trial: Trial) -> int:
    """Nobody enters after the horizon, nor after a given cut-off day (sections 3 and 7)."""
    kind, minutes = trial["cutoff"]
    return min(HORIZON, minutes) if kind == "day" else HORIZON


def enrolment(trial: Trial, source: Source, stops: list[Stop], holds: list[Hold]) -> list[Place]:
    """Everybody who enters if there are these stops and holds and no others (sections 3 and 4)."""
    places: list[Place] = []
    n_patients = [0] * len(trial["cap"])
    randomisation = RandomisationList(trial, source)
    for number, arrival in enumerate(arrivals(trial, source)):
        entry = entry_minute(arrival, holds)
        stopped = {stop.arm for stop in stops if stop.minute < entry}
        caps = caps_now(trial, n_patients, stopped)
        is_open = [arm not in stopped and n < caps[arm] for arm, n in enumerate(n_patients)]
        if entry > last_entry_allowed(trial) or not any(is_open):
            break
        arm = randomisation.next_open_place(is_open)
        places.append(Place(number, arm, entry))
        n_patients[arm] += 1
    return places


# ---------------------------------------------------------------- section 5: a patient


class Patient(NamedTuple):
    """What becomes of a patient. Times from entry, the entry itself apart (section 5)."""

    number: int
    arm: int
    entry: int
    kind: str  # the class: R, SD, PD or NE
    first: int
    conf: int
    g: int
    w: int
    d: int
    f: int
    progressed: bool
    crossed: bool
    outcome: str | None  # of a crossover: response, stable or failure
    off: int
    death: int
    seen: int
    tox: int

    @property
    def helped(self) -> bool:
        return self.outcome in ("response", "stable")


class Ending(NamedTuple):
    """How a patient's time in the study ends (section 5, 6)."""

    off: int
    death: int
    seen: int
    crossed: bool = False
    outcome: str | None = None


def class_of(trial: Trial, arm: int, u: float) -> str:
    """The class, from purpose 4 W0 (section 5, 1)."""
    p, hi_pd, hi_ne = trial["class_bounds"][arm]
    if u < p:
        return "R"
    if u >= hi_ne:
        return "NE"
    return "PD" if u >= hi_pd else "SD"


def response_times(trial: Trial, u_visit: float, u_confirmation: float) -> tuple[int, int]:
    """`first` and `conf` of a patient of class response (section 5, 2)."""
    if not trial["response_day"]:
        return 0, 0
    visit = choice(trial["response_share"], u_visit)
    first = trial["response_day"][visit]
    lo, hi = trial["confirm_lo"][visit], trial["confirm_hi"][visit]
    return first, first + floor(lo + u_confirmation * (hi - lo))


def progression_time(trial: Trial, arm: int, kind: str, conf: int, u_visit: float, u_later: float) -> int:
    """`g` (section 5, 3)."""
    if kind == "PD" and trial["early_day"]:
        return int(trial["early_day"][choice(trial["early_share"], u_visit)])
    if kind == "SD":
        return plus(trial["stable_start"], exponential(u_later, trial["stable_mean"][arm]))
    if kind == "R":
        return plus(conf, exponential(u_later, trial["response_mean"][arm]))
    return NEVER


def after_crossover(trial: Trial, source: Source, number: int, g: int, w: int, d: int, death: int) -> Ending:
    """The ending of a patient who progressed at `g` and crossed over; `death` if that fails (section 5, 6)."""
    u_outcome, u_lag = source.uniforms(CROSSOVER, number)
    q1, q2 = trial["cross_outcome"]
    if u_outcome >= q2 and u_outcome >= q1:
        lo, hi = trial["cross_lag"]
        off = min(plus(g, floor(lo + u_lag * (hi - lo))), death)
        return Ending(off, death, NEVER, True, "failure")
    outcome = "response" if u_outcome < q1 else "stable"
    if d <= w:
        return Ending(d, d, NEVER, True, outcome)
    return Ending(w, NEVER, w, True, outcome)


def ending(trial: Trial, source: Source, number: int, arm: int, g: int, w: int, d: int) -> Ending:
    """What follows from progression, withdrawal and death (section 5, 5 and 6)."""
    if g < w and g < d:
        u_crossover, u_death = source.uniforms(AFTER_PROGRESSION, number)
        death = plus(g, exponential(u_death, trial["death_after_mean"][arm]))
        if u_crossover < trial["cross"][arm]:
            return after_crossover(trial, source, number, g, w, d, death)
        return Ending(g, death, NEVER)
    if d <= w and d < NEVER:
        return Ending(d, d, NEVER)
    if w < NEVER:
        return Ending(w, NEVER, w)
    return Ending(NEVER, NEVER, NEVER)


def toxicity_time(trial: Trial, source: Source, number: int, arm: int, off: int) -> int:
    """When the toxicity occurs, NEVER if it does not (section 5, 9)."""
    if trial["tox"] is None:
        return NEVER
    u_occurs, u_when = source.uniforms(TOXICITY, number)
    minute = floor(u_when * trial["tox"]["within"])
    return minute if u_occurs < trial["tox"]["p"][arm] and minute < off else NEVER


def follow(trial: Trial, source: Source, place: Place) -> Patient:
    """The whole course of the patient at this place (section 5)."""
    number, arm, entry = place
    u_class, u_visit = source.uniforms(RESPONSE, number)
    u_confirmation, u_later = source.uniforms(COURSE, number)
    u_withdrawal, u_death = source.uniforms(LEAVING, number)
    kind = class_of(trial, arm, u_class)
    first, conf = response_times(trial, u_visit, u_confirmation) if kind == "R" else (NEVER, NEVER)
    g = progression_time(trial, arm, kind, conf, u_visit, u_later)
    w = exponential(u_withdrawal, trial["withdraw_mean"][arm])
    d = exponential(u_death, trial["death_before_mean"][arm])
    end = ending(trial, source, number, arm, g, w, d)
    tox = toxicity_time(trial, source, number, arm, end.off)
    course = (kind, first, conf, g, w, d, min(g, w, d), g < w and g < d, end.crossed, end.outcome)
    return Patient(number, arm, entry, *course, end.off, end.death, end.seen, tox)


def response_time(patient: Patient, mode: str) -> int:
    """`r`: when the response counts, NEVER if it does not (section 5, 7)."""
    time = patient.conf if mode == "confirmed" else patient.first
    counts = patient.kind == "R" and time <= patient.g and time < patient.w and time < patient.d
    return time if counts else NEVER


def known_time(trial: Trial, patient: Patient, mode: str) -> int:
    """When it is settled whether the patient counts as a response (section 5, 8)."""
    visits: list[int] = trial["response_day"] or [0]
    r = response_time(patient, mode)
    if r < NEVER:
        return r
    if patient.kind == "NE":
        return min(patient.f, visits[0])
    return patient.f if patient.kind == "R" else min(patient.f, visits[-1])


def responds_by(patient: Patient, mode: str, minute: int) -> bool:
    """Whether the patient counts as a response at this minute of the trial (section 6, what is seen)."""
    return patient.entry + response_time(patient, mode) <= minute


# ---------------------------------------------------------------- the trial so far


@dataclass
class Conduct:
    """A trial under way: what has happened, and what has been written down of it."""

    trial: Trial
    source: Source
    stops: list[Stop] = field(default_factory=list)
    stop_look: list[int] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    pending: Hold | None = None  # the hold for the look now waited for
    previous: int = 0  # T_prev
    unchecked: int = 0  # toxicities from this minute on have not been judged yet
    columns: Columns = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stop_look = [WENT_ON] * self.n_arms

    @property
    def n_arms(self) -> int:
        return len(self.trial["ratio"])

    @property
    def stopped(self) -> set[int]:
        return {stop.arm for stop in self.stops}

    @property
    def in_trial(self) -> list[int]:
        return [arm for arm in range(self.n_arms) if arm not in self.stopped]

    def patients(self) -> list[Patient]:
        """Everybody who enters if no further arm stops and no further hold begins, in order of randomisation."""
        holds = [*self.holds, self.pending] if self.pending else self.holds
        places = enrolment(self.trial, self.source, self.stops, holds)
        return [follow(self.trial, self.source, place) for place in places]

    def cutoff(self) -> int:
        """The data cut-off, judged as if no further arm were to stop (section 7)."""
        kind, minutes = self.trial["cutoff"]
        if kind == "day":
            return int(minutes)
        last = max((patient.entry for patient in self.patients()), default=0)
        return max(last + minutes, self.previous)

    def stop(self, minute: int, arms: list[int], stop_look: int) -> None:
        """These arms stop; with `stop_trial`, so do the others (ideal, section 1)."""
        if arms and self.trial["when_arm_stops"] == "stop_trial":
            arms = self.in_trial
        for arm in arms:
            self.stops.append(Stop(minute, arm))
            self.stop_look[arm] = stop_look


def of_arm(patients: list[Patient], arm: int) -> list[Patient]:
    return [patient for patient in patients if patient.arm == arm]


def entered_by(patients: list[Patient], minute: int) -> list[Patient]:
    return [patient for patient in patients if patient.entry <= minute]


# ---------------------------------------------------------------- section 8: toxicity stopping


def toxicities_by(patients: list[Patient], minute: int) -> int:
    return sum(patient.entry + patient.tox <= minute for patient in patients)


def too_toxic(trial: Trial, patients: list[Patient], arm: int, minute: int) -> bool:
    """Whether the arm has reached its boundary at this minute (section 8)."""
    treated = of_arm(entered_by(patients, minute), arm)
    return bool(toxicities_by(treated, minute) >= trial["tox"]["bound"][arm][len(treated)])


def monitored(trial: Trial, how: str) -> bool:
    return trial["tox"] is not None and trial["tox"]["monitor"] == how


def toxicity_stop(conduct: Conduct, until: int) -> Stop | None:
    """The next stop for toxicity up to a minute, under continuous monitoring (section 8)."""
    if not monitored(conduct.trial, "continuous"):
        return None
    patients = conduct.patients()
    events = sorted((patient.entry + patient.tox, patient.arm) for patient in patients if patient.tox < NEVER)
    for minute, arm in events:
        if arm in conduct.stopped or not conduct.unchecked <= minute <= until:
            continue
        if too_toxic(conduct.trial, patients, arm, minute):
            return Stop(minute, arm)
    return None


def stop_for_toxicity(conduct: Conduct, until: int) -> bool:
    """Let the next arm that becomes too toxic up to a minute stop; whether there was one."""
    stop = toxicity_stop(conduct, until)
    if stop is None:
        return False
    conduct.stop(stop.minute, [stop.arm], BETWEEN_LOOKS)
    conduct.previous = conduct.unchecked = stop.minute
    if conduct.pending and stop.minute <= conduct.pending.begin:
        conduct.pending = None  # the hold had not begun
    return True


# ---------------------------------------------------------------- section 6: population and trigger


def leaves_out(trial: Trial) -> bool:
    """Whether not evaluable patients are left out of the count (section 6)."""
    return bool(trial["unevaluable"] != "non_responder")


def counted(trial: Trial, patients: list[Patient]) -> list[Patient]:
    """The patients that make up the count n (section 6)."""
    return [patient for patient in patients if not (leaves_out(trial) and patient.kind == "NE")]


def fires(look: Look) -> tuple[str, int]:
    """The kind of look and its number, 0 if the kind has none."""
    rule = look["fires"]
    return (rule, 0) if isinstance(rule, str) else (rule[0], rule[1])


def eligible(trial: Trial, look: Look, patients: list[Patient]) -> list[Patient]:
    """Those of whom the first so many are the population (section 6)."""
    kind, k = fires(look)
    if kind == "completed":
        return [patient for patient in patients if patient.off >= k]
    return counted(trial, patients) if trial["unevaluable"] == "replaced" else patients


def population(conduct: Conduct, look: Look, patients: list[Patient]) -> list[Patient] | None:
    """The patients looked at, None if there will never be enough of them (section 6)."""
    candidates = eligible(conduct.trial, look, patients)
    if "total" in look["at"]:
        n = look["at"]["total"]
        return candidates[:n] if len(candidates) >= n else None
    chosen: list[Patient] = []
    for arm, n in enumerate(look["at"]["per_arm"]):
        contributed = of_arm(candidates, arm)[:n]
        if arm in conduct.in_trial and len(contributed) < n:
            return None
        chosen += contributed
    return chosen


def waited_for(conduct: Conduct, look: Look, patients: list[Patient]) -> list[Patient]:
    """Of the population, those the look waits for: with `per_arm`, not the arms that stopped (section 6)."""
    if "total" in look["at"]:
        return patients
    return [patient for patient in patients if patient.arm in conduct.in_trial]


def criteria(conduct: Conduct, look: Look, patients: list[Patient]) -> list[Criterion]:
    """The criteria of the look that are waited for, each with the patients it counts (section 6)."""
    asked: list[Criterion] = []
    for rule in (look["continue"], look["success"]):
        if rule is None:
            continue
        if rule[0] == "arm":
            asked += [(rule[1][arm], of_arm(patients, arm)) for arm in conduct.in_trial]
        elif not (needs_all_arms(rule) and conduct.stopped):
            asked.append((rule[1], patients))
    return asked


def needs_all_arms(rule: tuple[Any, ...]) -> bool:
    """Whether the pooled rule `requires_all_arms`; only a success rule can (ideal, section 1)."""
    return len(rule) > 3 and bool(rule[3])


def certain_at(trial: Trial, criterion: Criterion, mode: str) -> int:
    """The first minute at which the criterion is met or can no longer be met (section 6)."""
    least, patients = criterion
    n, b = len(patients), least[len(patients)]
    if b <= 0 or b > n:
        return 0
    known = sorted((p.entry + known_time(trial, p, mode), response_time(p, mode) < NEVER) for p in patients)
    n_responses = n_others = 0
    for minute, is_response in known:
        n_responses += is_response
        n_others += not is_response
        if n_responses >= b or n - n_others < b:
            return minute
    raise AssertionError("when everybody is known, every criterion is certain")


def trigger(conduct: Conduct, look: Look, chosen: list[Patient]) -> int:
    """The trigger of a look at the first so many patients (section 6, the table, first four rows)."""
    trial, mode = conduct.trial, look["mode"]
    kind, k = fires(look)
    waited = waited_for(conduct, look, chosen)
    if kind in ("after", "completed"):
        return max((patient.entry for patient in waited), default=0) + k
    if kind == "when_known":
        times = [patient.entry + known_time(trial, patient, mode) for patient in counted(trial, waited)]
        return max(times, default=0)
    return max((certain_at(trial, c, mode) for c in criteria(conduct, look, counted(trial, chosen))), default=0)


def evaluability_known(conduct: Conduct, look: Look, chosen: list[Patient]) -> int:
    """When everybody up to the last of the population has passed the first response visit (section 6).

    Nobody up to the last entered after the last, so it is the last who is waited for.
    """
    if not leaves_out(conduct.trial) or fires(look)[0] == "completed":
        return 0
    first_visit: int = (conduct.trial["response_day"] or [0])[0]
    return max((patient.entry + first_visit for patient in waited_for(conduct, look, chosen)), default=0)


def event_trigger(look: Look, patients: list[Patient]) -> int:
    """The trigger of a look at all who have entered (section 6, the table, last two rows)."""
    kind, k = fires(look)
    if kind == "day":
        return k
    if kind == "failures":
        minutes = sorted(patient.entry + patient.f for patient in patients if patient.f < NEVER)
    else:
        minutes = sorted(p.entry + p.death for p in patients if p.death <= p.seen and p.death < NEVER)
    if k <= 0:
        return 0
    return minutes[k - 1] if len(minutes) >= k else NEVER


def filled_at(chosen: list[Patient]) -> int:
    """The entry of the population's last patient (section 6)."""
    return max((patient.entry for patient in chosen), default=0)


def fires_at(conduct: Conduct, look: Look) -> int:
    """`T`, NEVER if the trigger never comes, as things stand (section 6)."""
    patients = conduct.patients()
    if fires(look)[0] in ENTERED:
        return max(event_trigger(look, patients), conduct.previous)
    chosen = population(conduct, look, patients)
    if chosen is None:
        return NEVER
    ready = max(trigger(conduct, look, chosen), evaluability_known(conduct, look, chosen))
    return max(ready, filled_at(chosen), conduct.previous)


def passed_over(conduct: Conduct, look: Look) -> bool:
    """Whether the caps as they are now cannot hold the wanted number, or no arm is in the trial (section 6)."""
    if not conduct.in_trial:
        return True
    if fires(look)[0] in ENTERED:
        return False
    patients = conduct.patients()
    n_patients = [len(of_arm(patients, arm)) for arm in range(conduct.n_arms)]
    caps = caps_now(conduct.trial, n_patients, conduct.stopped)
    if "per_arm" in look["at"]:
        return any(caps[arm] < look["at"]["per_arm"][arm] for arm in conduct.in_trial)
    room = [caps[arm] if arm in conduct.in_trial else n_patients[arm] for arm in range(conduct.n_arms)]
    return bool(sum(room) < look["at"]["total"])


# ---------------------------------------------------------------- section 6: waiting for a look


def begin_hold(conduct: Conduct, look: Look, minute: int) -> None:
    """Enrolment is held from when the population is filled to the look; a hold that has begun goes on (section 6)."""
    if not look["hold"] or minute == NEVER:
        return
    if conduct.pending is None:
        chosen = population(conduct, look, conduct.patients())
        assert chosen is not None
        begin = max(filled_at(chosen), conduct.previous)
    else:
        begin = conduct.pending.begin
    conduct.pending = Hold(begin, minute)


def end_hold(conduct: Conduct, minute: int) -> None:
    """The hold for a look, if there was one, becomes history."""
    if conduct.pending:
        conduct.holds.append(Hold(conduct.pending.begin, max(minute, conduct.pending.begin)))
    conduct.pending = None


def wait_for(conduct: Conduct, look: Look) -> int | None:
    """`T` of the next look, None if it is passed over, NEVER if it does not take place (sections 6 and 8)."""
    while not passed_over(conduct, look):
        minute = fires_at(conduct, look)
        begin_hold(conduct, look, minute)
        if stop_for_toxicity(conduct, min(minute, conduct.cutoff())):
            continue
        takes_place = minute <= conduct.cutoff()
        end_hold(conduct, minute)
        return minute if takes_place else NEVER
    end_hold(conduct, conduct.previous)
    return None


# ---------------------------------------------------------------- section 6: at a look


class Counts(NamedTuple):
    """Patients counted and their responses, per arm."""

    n: list[int]
    x: list[int]


def count(conduct: Conduct, chosen: list[Patient], mode: str, minute: int) -> Counts:
    """`n_a` and `x_a` at a minute (section 6, what is seen)."""
    groups = [counted(conduct.trial, of_arm(chosen, arm)) for arm in range(conduct.n_arms)]
    responses = [sum(responds_by(patient, mode, minute) for patient in group) for group in groups]
    return Counts([len(group) for group in groups], responses)


def met(least: list[int], x: int, n: int) -> bool:
    """Whether the criterion is met; with nobody counted it is not (section 6, what is decided)."""
    return n > 0 and x >= least[n]


def not_met(least: list[int], x: int, n: int) -> bool:
    """Whether the criterion fails; with nobody counted it does not (section 6, what is decided)."""
    return n > 0 and x < least[n]


def success_by_arm(rule: tuple[Any, ...] | None, counts: Counts, arms: list[int]) -> dict[int, bool]:
    """The success criterion of each of these arms (ideal, section 1, at a look, 2)."""
    if rule is None or rule[0] != "arm":
        return {}
    return {arm: met(rule[1][arm], counts.x[arm], counts.n[arm]) for arm in arms}


def success_pooled(rule: tuple[Any, ...] | None, counts: Counts, arms: list[int]) -> bool | None:
    """The pooled success criterion, with these arms in the trial (ideal, section 1, at a look, 2)."""
    if rule is None or rule[0] != "pooled" or not arms:
        return None
    if needs_all_arms(rule) and len(arms) < len(counts.n):
        return False
    return met(rule[1], sum(counts.x), sum(counts.n))


def decision_by_arm(look: Look, counts: Counts, arm: int, success: bool) -> int:
    """What the arm criteria say of an arm (ideal, section 1, at a look, 3)."""
    if success and look["success"][2] == "stop":
        return EFFICACY
    rule = look["continue"]
    if rule is not None and rule[0] == "arm" and not_met(rule[1][arm], counts.x[arm], counts.n[arm]):
        return FUTILITY
    return CONTINUE


def decision_pooled(look: Look, counts: Counts, success: bool | None) -> int:
    """What the pooled criteria say of every arm; CONTINUE leaves the last word to the arms (ideal, section 1)."""
    if success and look["success"][2] == "stop":
        return EFFICACY
    rule = look["continue"]
    if rule is not None and rule[0] == "pooled" and not_met(rule[1], sum(counts.x), sum(counts.n)):
        return FUTILITY
    return CONTINUE


def toxic_at_look(conduct: Conduct, enrolled: list[Patient], minute: int) -> list[int]:
    """The arms that stop for toxicity at the look (section 8)."""
    if not monitored(conduct.trial, "looks"):
        return []
    return [arm for arm in conduct.in_trial if too_toxic(conduct.trial, enrolled, arm, minute)]


def decide(conduct: Conduct, number: int, look: Look, minute: int, counts: Counts, toxic: list[int]) -> None:
    """Success and decisions, toxicity first, and the stops that follow (sections 6 and 8; ideal, section 1)."""
    remaining = [arm for arm in conduct.in_trial if arm not in toxic]
    by_arm = success_by_arm(look["success"], counts, remaining)
    pooled = success_pooled(look["success"], counts, remaining)
    for_all = decision_pooled(look, counts, pooled)
    decisions = dict.fromkeys(toxic, TOXIC)
    for arm in remaining:
        decisions[arm] = for_all or decision_by_arm(look, counts, arm, by_arm.get(arm, False))
    for arm, success in by_arm.items():
        conduct.columns[f"look/{number}/success/{arm}"] = int(success)
    if pooled is not None:
        conduct.columns[f"look/{number}/success/all"] = int(pooled)
    for arm, decision in decisions.items():
        conduct.columns[f"look/{number}/decision/{arm}"] = decision
    conduct.stop(minute, [arm for arm in conduct.in_trial if decisions[arm] != CONTINUE], number)


def blank_look(conduct: Conduct, number: int) -> None:
    """The columns of a look before it takes place."""
    arms = [*range(conduct.n_arms), "all"]
    names = ["day", "filled"]
    for column in ("enrolled", "counted", "responses", "pipeline", "overrun", "decision", "success"):
        names += [f"{column}/{arm}" for arm in arms if (column, arm) != ("decision", "all")]
    for name in names:
        conduct.columns[f"look/{number}/{name}"] = None


def write_by_arm(columns: Columns, name: str, values: list[int]) -> None:
    """A number of each arm, and their sum."""
    for arm, value in enumerate(values):
        columns[f"{name}/{arm}"] = value
    columns[f"{name}/all"] = sum(values)


def write_look(conduct: Conduct, number: int, look: Look, minute: int, chosen: list[Patient], counts: Counts) -> None:
    """What is seen at the look (section 6, what is seen)."""
    trial, arms = conduct.trial, range(conduct.n_arms)
    enrolled = entered_by(conduct.patients(), minute)
    open_cases = [p for p in enrolled if p.entry + known_time(trial, p, look["mode"]) > minute]
    n_enrolled = [len(of_arm(enrolled, arm)) for arm in arms]
    prefix = f"look/{number}"
    conduct.columns[f"{prefix}/day"] = minute
    conduct.columns[f"{prefix}/filled"] = None if fires(look)[0] in ENTERED else filled_at(chosen)
    write_by_arm(conduct.columns, f"{prefix}/enrolled", n_enrolled)
    write_by_arm(conduct.columns, f"{prefix}/counted", counts.n)
    write_by_arm(conduct.columns, f"{prefix}/responses", counts.x)
    write_by_arm(conduct.columns, f"{prefix}/pipeline", [len(of_arm(open_cases, arm)) for arm in arms])
    write_by_arm(conduct.columns, f"{prefix}/overrun", [n_enrolled[arm] - len(of_arm(chosen, arm)) for arm in arms])


def take_look(conduct: Conduct, number: int, look: Look, minute: int) -> None:
    """The look at its minute: what is seen, what is decided (section 6)."""
    enrolled = entered_by(conduct.patients(), minute)
    chosen = enrolled if fires(look)[0] in ENTERED else population(conduct, look, enrolled)
    assert chosen is not None
    counts = count(conduct, chosen, look["mode"], minute)
    write_look(conduct, number, look, minute, chosen, counts)
    decide(conduct, number, look, minute, counts, toxic_at_look(conduct, enrolled, minute))
    conduct.previous = minute
    conduct.unchecked = minute + 1


def conducted(trial: Trial, source: Source) -> Conduct:
    """The trial, run to its cut-off (sections 6 to 8)."""
    conduct = Conduct(trial, source)
    for number in range(len(trial["looks"])):
        blank_look(conduct, number)
    for number, look in enumerate(trial["looks"]):
        minute = wait_for(conduct, look)
        if minute is None:
            continue
        if minute == NEVER:
            break
        take_look(conduct, number, look, minute)
    while stop_for_toxicity(conduct, conduct.cutoff()):
        pass
    return conduct


# ---------------------------------------------------------------- section 7: the final analysis


class Final(NamedTuple):
    """The trial at its cut-off."""

    trial: Trial
    source: Source
    patients: list[Patient]
    cutoff: int

    def groups(self) -> list[tuple[str, list[Patient]]]:
        """The patients of each arm and of all arms, with the ending of their columns' names."""
        arms = [(str(arm), of_arm(self.patients, arm)) for arm in range(len(self.trial["ratio"]))]
        return [*arms, ("all", self.patients)]

    def responds(self, patient: Patient) -> bool:
        return responds_by(patient, self.trial["final"]["mode"], self.cutoff)

    def dead(self, patient: Patient) -> bool:
        return patient.death <= patient.seen and patient.entry + patient.death <= self.cutoff

    def left(self, patient: Patient) -> bool:
        return patient.entry + patient.off <= self.cutoff

    def progressed(self, patient: Patient) -> bool:
        return patient.progressed and patient.entry + patient.g <= self.cutoff

    def best(self, patient: Patient) -> str:
        if self.responds(patient):
            return "R"
        if patient.kind == "PD" and self.progressed(patient):
            return "PD"
        return "NE" if patient.kind == "NE" else "SD"


def final_success(conduct: Conduct, final: Final) -> Columns:
    """The final criterion (section 7; ideal, section 1)."""
    rule = final.trial["final"]["success"]
    counts = count(conduct, final.patients, final.trial["final"]["mode"], final.cutoff)
    by_arm = success_by_arm(rule, counts, conduct.in_trial)
    pooled = success_pooled(rule, counts, conduct.in_trial)
    columns: Columns = {"success/all": None if pooled is None else int(pooled)}
    for arm in range(conduct.n_arms):
        columns[f"success/{arm}"] = int(by_arm[arm]) if arm in by_arm else None
    return columns


def milestones(conduct: Conduct, final: Final) -> Columns:
    """Stops, cut-off, duration and last entry (section 7)."""
    last_stop = max((stop.minute for stop in conduct.stops), default=0)
    columns: Columns = {f"stop_look/{arm}": look for arm, look in enumerate(conduct.stop_look)}
    columns["cutoff"] = final.cutoff
    columns["duration"] = final.cutoff if conduct.in_trial else last_stop
    columns["last_entry"] = max((patient.entry for patient in final.patients), default=None)
    return columns


def numbers(final: Final) -> Columns:
    """Patients and responses (section 7)."""
    columns: Columns = {}
    for name, group in final.groups():
        columns[f"enrolled/{name}"] = len(group)
        columns[f"responses/{name}"] = sum(final.responds(patient) for patient in counted(final.trial, group))
        if leaves_out(final.trial):
            columns[f"evaluable/{name}"] = len(counted(final.trial, group))
    return columns


def states(final: Final) -> Columns:
    """Best responses and end states (section 7)."""
    columns: Columns = {}
    for name, group in final.groups():
        for best in ("R", "SD", "PD", "NE"):
            columns[f"best/{best}/{name}"] = sum(final.best(patient) == best for patient in group)
        deaths = sum(final.dead(patient) for patient in group)
        withdrawn = sum(final.left(patient) and not final.dead(patient) for patient in group)
        columns[f"deaths/{name}"] = deaths
        columns[f"withdrawn/{name}"] = withdrawn
        columns[f"on_study/{name}"] = len(group) - deaths - withdrawn
        for k, time in enumerate(final.trial["on_treatment_at"]):
            on_treatment = [p for p in group if p.entry + time <= final.cutoff and p.off > time]
            columns[f"on_treatment/{k}/{name}"] = len(on_treatment)
    return columns


def progressions(final: Final) -> Columns:
    """Progressions and what came of them, and toxicities (section 7)."""
    columns: Columns = {}
    for name, group in final.groups():
        progressed = [patient for patient in group if final.progressed(patient)]
        columns[f"progressions/{name}"] = len(progressed)
        columns[f"crossovers/{name}"] = sum(patient.crossed for patient in progressed)
        columns[f"helped/{name}"] = sum(patient.helped for patient in progressed)
        columns[f"crossover_responses/{name}"] = sum(patient.outcome == "response" for patient in progressed)
        if final.trial["tox"] is not None:
            columns[f"toxicities/{name}"] = toxicities_by(group, final.cutoff)
    return columns


# ---------------------------------------------------------------- section 7: survival


def overall_survival(final: Final, patient: Patient) -> Observation:
    """OS of a patient (section 7, survival)."""
    follow_up = final.cutoff - patient.entry
    time = min(patient.death, patient.seen, follow_up)
    return time, patient.death <= patient.seen and patient.death <= follow_up


def treatment_failure(final: Final, patient: Patient) -> Observation:
    """TTF of a patient (section 7, survival)."""
    follow_up = final.cutoff - patient.entry
    failure = patient.off if final.trial["failure_at"] == "leaving" else patient.f
    if failure <= follow_up:
        return failure, True
    if not final.trial["visits"]:
        return follow_up, False
    return max((visit for visit in final.trial["visits"] if visit <= follow_up), default=0), False


def kaplan_meier(observations: list[Observation]) -> list[Step]:
    """The estimate after each event time, exactly, with the sum of Greenwood's variance (section 7, survival)."""
    survival = Fraction(1)
    greenwood = 0.0
    steps: list[Step] = []
    for t in sorted({time for time, is_event in observations if is_event}):
        n = sum(time >= t for time, _ in observations)
        d = observations.count((t, True))
        survival *= 1 - Fraction(d, n)
        greenwood += d / (n * (n - d)) if n > d else 0.0  # with n = d the estimate is 0 and has no limits
        steps.append((t, survival, greenwood))
    return steps


def median_survival(observations: list[Observation]) -> int | None:
    """The smallest event time with S ≤ 1/2 (section 7, survival)."""
    for t, survival, _ in kaplan_meier(observations):
        if 2 * survival <= 1:
            return t
    return None


def estimate_at(
    observations: list[Observation], time: int, z: float
) -> tuple[float | None, float | None, float | None]:
    """S at a time with its log-log limits; nothing without patients (section 7, survival)."""
    if not observations:
        return None, None, None
    survival, greenwood = Fraction(1), 0.0
    for t, s, g in kaplan_meier(observations):
        if t <= time:
            survival, greenwood = s, g
    if survival in (0, 1):
        return float(survival), None, None
    log_s = log(survival)
    limits = [exp(-exp(log(-log_s) + side * z * sqrt(greenwood) / log_s)) for side in (-1, 1)]
    return float(survival), min(limits), max(limits)


def log_rank(first: list[Observation], second: list[Observation]) -> float | None:
    """(O - E) / sqrt(V) of the first arm (section 7, survival)."""
    both = first + second
    difference = variance = 0.0
    for t in sorted({time for time, is_event in both if is_event}):
        n, n_first = sum(time >= t for time, _ in both), sum(time >= t for time, _ in first)
        d, d_first = both.count((t, True)), first.count((t, True))
        difference += d_first - d * n_first / n
        if n > 1:
            variance += d * (n_first / n) * (1 - n_first / n) * (n - d) / (n - 1)
    return difference / sqrt(variance) if variance > 0 else None


def survival_columns(name: str, observations: list[tuple[str, list[Observation]]], trial: Trial) -> Columns:
    """Estimates, limits and medians of OS or TTF; the log-rank statistic of two arms (section 7, survival)."""
    columns: Columns = {f"logrank_{name}/all": None}
    for group, values in observations:
        columns[f"{name}_median/{group}"] = median_survival(values)
        for k, time in enumerate(trial["survival_at"]):
            estimate, lower, upper = estimate_at(values, time, trial["z"])
            columns[f"{name}/{k}/{group}"] = estimate
            columns[f"{name}_lower/{k}/{group}"] = lower
            columns[f"{name}_upper/{k}/{group}"] = upper
    if len(trial["ratio"]) == 2:
        columns[f"logrank_{name}/all"] = log_rank(observations[0][1], observations[1][1])
    return columns


def median(values: list[int]) -> int | None:
    """The median of whole numbers; of an even number, the floor of the mean of the middle two (section 7)."""
    if not values:
        return None
    ordered = sorted(values)
    n = len(ordered)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) // 2


def follow_up(final: Final) -> Columns:
    """Lengths of follow-up, and time to response (section 7, survival)."""
    responders = [patient for patient in final.patients if final.responds(patient)]
    exchanged = [overall_survival(final, patient) for patient in final.patients]
    potential = [final.cutoff - patient.entry for patient in final.patients]
    after_onset = [min(p.off, p.seen, final.cutoff - p.entry) - p.first for p in responders]
    return {
        "follow_up/all": median_survival([(time, not is_event) for time, is_event in exchanged]),
        "potential/all": median(potential),
        "shortest/all": min(potential, default=None),
        "time_to_response/all": median([patient.first for patient in responders]),
        "after_onset/all": median(after_onset),
    }


def survival(final: Final) -> Columns:
    """OS and TTF (section 7, survival)."""
    groups = final.groups()
    os = [(name, [overall_survival(final, patient) for patient in group]) for name, group in groups]
    ttf = [(name, [treatment_failure(final, patient) for patient in group]) for name, group in groups]
    return survival_columns("os", os, final.trial) | survival_columns("ttf", ttf, final.trial)


# ---------------------------------------------------------------- section 9


def event_normals(source: Source, number: int, n_rows: int) -> list[float]:
    """z_0 … z_J of a patient (section 9, adverse events)."""
    normals: list[float] = []
    for pair in range(n_rows // 2 + 1):
        normals += source.normals(ADVERSE, pair * 2**32 + number)
    return normals[: n_rows + 1]


def events_of(trial: Trial, source: Source, patient: Patient) -> tuple[list[bool], list[bool]]:
    """Per row, whether the patient has the event at any grade, and at grade 3/4 (section 9, adverse events)."""
    adverse = trial["adverse"]
    any_bound, severe_bound = adverse["any"][patient.arm], adverse["severe"][patient.arm]
    rho, rho_severe = adverse["rho"], adverse["rho_severe"]
    factor, *own = event_normals(source, patient.number, len(any_bound))
    severe = [sqrt(rho_severe) * factor + sqrt(1 - rho_severe) * z > t for z, t in zip(own, severe_bound, strict=True)]
    milder = [sqrt(rho) * factor + sqrt(1 - rho) * z > t for z, t in zip(own, any_bound, strict=True)]
    return [m or s for m, s in zip(milder, severe, strict=True)], severe


def adverse_events(final: Final) -> Columns:
    """Patients with each adverse event, and with at least one (section 9)."""
    columns: Columns = {}
    for name, group in final.groups():
        events = [events_of(final.trial, final.source, patient) for patient in group]
        for grade, label in enumerate(("any", "severe")):
            for j in range(len(final.trial["adverse"]["any"][0])):
                columns[f"{label}/{j}/{name}"] = sum(event[grade][j] for event in events)
            columns[f"{label}/every/{name}"] = sum(any(event[grade]) for event in events)
    return columns


def performance_status(final: Final) -> Columns:
    """Patients in each category at baseline and later (section 9)."""
    ecog = final.trial["ecog"]
    at_base: list[int] = []
    later: list[int] = []
    for patient in final.patients:
        u_base, u_later = final.source.uniforms(PERFORMANCE, patient.number)
        at_base.append(choice(ecog["base"], u_base))
        later.append(choice(ecog["row"][at_base[-1]], u_later))
    columns: Columns = {}
    for c in range(len(ecog["base"])):
        columns[f"ecog_base/{c}/all"] = at_base.count(c)
        columns[f"ecog/{c}/all"] = later.count(c)
    return columns


def concentration(pk: dict[str, Any], auc: float, half_life: float, t: float) -> float:
    """The concentration t hours after a dose at steady state (section 9, exposure)."""
    k, ka, tau = log(2) / half_life, pk["ka"], pk["tau"]
    elimination = exp(-k * t) / (1 - exp(-k * tau))
    absorption = exp(-ka * t) / (1 - exp(-ka * tau))
    return auc * k * ka / (ka - k) * (elimination - absorption)


def trapezoid(hours: list[float], values: list[float], tau: float) -> float:
    """The area under the samples from 0 to tau (section 9, exposure)."""
    inside = [(t, c) for t, c in zip(hours, values, strict=True) if 0 <= t <= tau]
    return sum((t1 - t0) * (c0 + c1) / 2 for (t0, c0), (t1, c1) in pairwise(inside))


def terminal_half_life(hours: list[float], values: list[float]) -> float:
    """From the least-squares line through the logarithms of the last three samples (section 9, exposure)."""
    x, y = hours[-3:], [log(value) for value in values[-3:]]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True)) / sum((a - x_mean) ** 2 for a in x)
    return -log(2) / slope


def exposure_of(trial: Trial, source: Source, patient: Patient) -> tuple[float, float, float, float]:
    """AUC and half-life, true and as sampled (section 9, exposure)."""
    pk = trial["pk"]
    z0, z1 = source.normals(EXPOSURE, patient.number)
    auc = exp(pk["mu"][patient.arm] + pk["sigma"] * z0)
    half_life = exp(pk["mu_half"] + pk["sigma_half"] * z1)
    samples = [concentration(pk, auc, half_life, t) for t in pk["hours"]]
    return auc, half_life, trapezoid(pk["hours"], samples, pk["tau"]), terminal_half_life(pk["hours"], samples)


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def standard_deviation(values: list[float]) -> float | None:
    if len(values) < 2:
        return None
    centre = sum(values) / len(values)
    return sqrt(sum((value - centre) ** 2 for value in values) / (len(values) - 1))


def exposure(final: Final) -> Columns:
    """Exposure by arm, of the first so many patients if the scenario says how many (section 9)."""
    columns: Columns = {}
    names = ("auc", "half_life", "auc_sampled", "half_life_sampled")
    for arm in range(len(final.trial["ratio"])):
        sampled = of_arm(final.patients, arm)[: final.trial["pk"]["first"]]
        values = [exposure_of(final.trial, final.source, patient) for patient in sampled]
        for position, name in enumerate(names):
            columns[f"{name}_mean/{arm}"] = mean([value[position] for value in values])
        columns[f"auc_sd/{arm}"] = standard_deviation([value[0] for value in values])
    return columns


# ---------------------------------------------------------------- the public functions


def at_cutoff(conduct: Conduct) -> Final:
    """The conducted trial at its final analysis (section 7)."""
    return Final(conduct.trial, conduct.source, conduct.patients(), conduct.cutoff())


def simulate(trial: Trial, seed: int, replicate: int) -> Columns:
    """Every column of one trial."""
    conduct = conducted(trial, Source(seed, replicate))
    final = at_cutoff(conduct)
    columns = conduct.columns | milestones(conduct, final) | numbers(final) | final_success(conduct, final)
    columns |= states(final) | progressions(final) | survival(final) | follow_up(final)
    if trial["adverse"] is not None:
        columns |= adverse_events(final)
    if trial["ecog"] is not None:
        columns |= performance_status(final)
    if trial["pk"] is not None:
        columns |= exposure(final)
    return columns


def patients(trial: Trial, seed: int, replicate: int) -> list[dict[str, Any]]:
    """Every enrolled patient of one trial, for comparison in detail; `r` and `known` in the mode *confirmed*."""
    rows = []
    for patient in at_cutoff(conducted(trial, Source(seed, replicate))).patients:
        row = patient._asdict()
        row["class"] = row.pop("kind")
        row["r"] = response_time(patient, "confirmed")
        row["known"] = known_time(trial, patient, "confirmed")
        rows.append(row)
    return rows
