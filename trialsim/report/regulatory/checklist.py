"""What four texts ask of a report of simulations, in our own words, and where this report answers it.

Of these texts, the table of Morris, White and Crowther was read (PMC6492164, Table 1). The two guidances and the
reflection paper could not be opened where this was written: their items are from memory and from public summaries,
their places are those remembered, and every item says so.
"""

from __future__ import annotations

from trialsim.report.regulatory.blocks import Checklist, Item


def _items(text: str, was_checked: bool, *lines: tuple[str, str, tuple[str, ...]]) -> tuple[Item, ...]:
    return tuple(Item(f"{text}, {place}", asks, sections, was_checked) for place, asks, sections in lines)


ADEMP = Checklist(
    "ADEMP: Morris, White, Crowther, Using simulation studies to evaluate statistical methods, "
    "Stat Med 2019;38:2074-2102",
    _items(
        "Morris 2019",
        True,
        ("Table 1, aims", "Say what exactly the simulations are to find out.", ("aims",)),
        (
            "Table 1, data-generating mechanisms",
            "Choose between resampling and a parametric model; say how complex the model is and whether real data "
            "stand behind it.",
            ("model",),
        ),
        (
            "Table 1, data-generating mechanisms",
            "Say which factors vary, at which levels, and whether all combinations are tried or one factor at a time.",
            ("truths", "sensitivity"),
        ),
        ("Table 1, estimand or target", "Define what is estimated or decided.", ("design", "aims")),
        (
            "Table 1, methods",
            "Name the methods (here: designs) that are evaluated, and serious competitors of them.",
            ("design", "benchmarks"),
        ),
        (
            "Table 1, performance measures",
            "List the measures of performance with their reasons, and the formula of those that are little used.",
            ("operating-characteristics", "estimation"),
        ),
        (
            "Table 1, performance measures",
            "Choose so many repetitions that the Monte Carlo standard error of the main measures is acceptable.",
            ("implementation",),
        ),
        (
            "Table 1, coding and execution",
            "Check the program in many small ways before it is relied upon.",
            ("verification",),
        ),
        (
            "Table 1, coding and execution",
            "Set the seed once, be able to go back to any single repetition, and give parallel pieces streams of "
            "their own.",
            ("implementation", "examples"),
        ),
        (
            "Table 1, analysis",
            "Look at the results in figures, and compute the Monte Carlo standard error of every measure.",
            ("operating-characteristics", "appendices"),
        ),
        (
            "Table 1, reporting",
            "Report in this order, with reasons for the choices, methods side by side, the uncertainty of the "
            "simulation, and the code that repeats it.",
            ("synopsis", "benchmarks", "implementation"),
        ),
    ),
)

FDA = Checklist(
    "FDA: Adaptive Designs for Clinical Trials of Drugs and Biologics, guidance for industry, November 2019",
    _items(
        "FDA 2019",
        False,
        (
            "section III (four principles)",
            "Keep the chance of wrong conclusions under control, and show how.",
            ("operating-characteristics", "verification"),
        ),
        (
            "section III",
            "Say how reliable estimates of the treatment effect are after the adaptation: bias, coverage.",
            ("estimation",),
        ),
        ("section III", "Lay down beforehand when looks take place, what may change, and by which rule.", ("design",)),
        (
            "sections III and VII (integrity)",
            "Say who sees accumulating results, and how knowledge of them is kept from those who run the trial.",
            ("integrity",),
        ),
        (
            "section VI.A (simulations)",
            "Cover the null region with enough scenarios, nuisance parameters among them, that error rates are "
            "believable between them too.",
            ("truths", "operating-characteristics", "sensitivity"),
        ),
        (
            "section VI.A",
            "Simulate often enough for the precision that is claimed, most of all for error rates.",
            ("implementation",),
        ),
        (
            "section VIII.B (documentation)",
            "Give the reasons for the design, against simpler ones.",
            ("aims", "benchmarks"),
        ),
        ("section VIII.B", "Describe the monitoring and adaptation plan with its rules.", ("design", "integrity")),
        (
            "section VIII.B (simulation report)",
            "Tell a few example trials with different conclusions.",
            ("examples",),
        ),
        (
            "section VIII.B (simulation report)",
            "List the parameter configurations and the reasons for them.",
            ("model", "truths"),
        ),
        (
            "section VIII.B (simulation report)",
            "Report error rates, power, expected sample size, and bias and coverage, with their simulation error.",
            ("operating-characteristics", "estimation", "appendices"),
        ),
        (
            "section VIII.B (simulation report)",
            "Give the code, the seeds and what else is needed to repeat the simulations.",
            ("provenance", "implementation", "appendices"),
        ),
        ("section VIII.B (simulation report)", "Sum up what follows from them.", ("synopsis", "limitations")),
    ),
)

E20 = Checklist(
    "ICH E20: Adaptive Designs for Clinical Trials, draft (Step 2b, June 2025)",
    _items(
        "ICH E20 draft",
        False,
        (
            "special topics, simulations",
            "Name the questions that the simulations answer, and the decision that hangs on them.",
            ("aims",),
        ),
        (
            "special topics, simulations",
            "Name the design and analysis options, and a well-understood benchmark beside them.",
            ("design", "benchmarks"),
        ),
        (
            "special topics, simulations",
            "Choose the operating characteristics: errors, power, sample size, duration, stopping probabilities, "
            "bias, mean squared error, coverage.",
            ("operating-characteristics", "estimation"),
        ),
        (
            "special topics, simulations",
            "Say what knowledge stands behind the assumptions; data rather than opinion.",
            ("model",),
        ),
        (
            "special topics, simulations",
            "Give the range of parameters, nuisance parameters among them, and why it is wide enough.",
            ("truths", "sensitivity"),
        ),
        (
            "special topics, simulations",
            "Describe the data-generating process and how many trials were simulated for which precision.",
            ("model", "implementation"),
        ),
        (
            "special topics, simulations",
            "Give software, code and instructions that recreate the results.",
            ("provenance", "implementation", "appendices"),
        ),
        ("special topics, simulations", "Show example trials.", ("examples",)),
        (
            "special topics, simulations",
            "Sum up, interpret, and name the limits of the simulations.",
            ("synopsis", "limitations"),
        ),
        (
            "key principles, planning",
            "Fix number and timing of looks, adaptations, rules and whether they bind, and the analysis of the "
            "estimand.",
            ("design",),
        ),
        (
            "key principles, erroneous conclusions",
            "Control false positive conclusions over all arms and looks.",
            ("operating-characteristics",),
        ),
        ("key principles, estimation", "Examine bias and coverage, after selection too.", ("estimation",)),
        (
            "types of adaptation, early stopping",
            "Analyse the data at the trigger, and again with what came in until enrolment ended.",
            ("integrity", "operating-characteristics"),
        ),
        ("key principles, integrity", "Restrict who knows interim results.", ("integrity",)),
        ("types of adaptation, early stopping", "Keep enough patients for safety.", ("safety",)),
    ),
)

EMA = Checklist(
    "EMA: Reflection paper on methodological issues in confirmatory clinical trials planned with an adaptive design, "
    "CHMP/EWP/2459/02, October 2007",
    _items(
        "EMA 2007",
        False,
        ("minimal prerequisites", "Control the type I error at its level.", ("operating-characteristics",)),
        (
            "minimal prerequisites",
            "Give estimates and confidence intervals that are right for the adaptive design.",
            ("estimation",),
        ),
        ("planning", "Plan adaptations beforehand, few of them, and with their reasons.", ("aims", "design")),
        ("interim analyses", "Keep interim results confidential.", ("integrity",)),
        (
            "interim analyses, overrun",
            "Say what happens with patients who were enrolled but not counted when the decision was taken.",
            ("operating-characteristics", "integrity"),
        ),
        ("planning", "Compare with a conventional design.", ("benchmarks",)),
    ),
)

CHECKLISTS = (ADEMP, FDA, E20, EMA)
