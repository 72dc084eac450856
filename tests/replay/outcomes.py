"""Every outcome of which a history is recorded, by the name of its file."""

from __future__ import annotations

from tests.replay import (
    bulks,
    centres,
    corrections,
    files_and_calendars,
    handoffs,
    leads,
    onboardings,
    partner_sales,
    partners,
    replacements,
    reports,
    rounds,
    service_diaries,
    service_plans,
    watches,
)
from tests.replay.played import Outcome

OUTCOMES: dict[str, Outcome] = {
    **{f"handoff_{name}": outcome for name, outcome in {**handoffs.OUTCOMES, **files_and_calendars.OUTCOMES}.items()},
    **{f"lead_{name}": outcome for name, outcome in leads.OUTCOMES.items()},
    **{f"centre_{name}": outcome for name, outcome in centres.OUTCOMES.items()},
    **{f"replacement_{name}": outcome for name, outcome in replacements.OUTCOMES.items()},
    **{f"mail_answer_{name}": outcome for name, outcome in replacements.MAIL_ANSWERS.items()},
    **{f"watch_{name}": outcome for name, outcome in watches.OUTCOMES.items()},
    **{f"partner_{name}": outcome for name, outcome in {**partners.OUTCOMES, **partner_sales.OUTCOMES}.items()},
    **{f"onboarding_{name}": outcome for name, outcome in onboardings.OUTCOMES.items()},
    **{f"diary_{name}": outcome for name, outcome in service_diaries.OUTCOMES.items()},
    **{f"plan_{name}": outcome for name, outcome in service_plans.OUTCOMES.items()},
    **{f"bulk_{name}": outcome for name, outcome in bulks.OUTCOMES.items()},
    **{f"report_{name}": outcome for name, outcome in reports.OUTCOMES.items()},
    **{f"correction_{name}": outcome for name, outcome in corrections.OUTCOMES.items()},
    **{f"notices_{name}": outcome for name, outcome in rounds.NOTICES.items()},
    **{f"digest_{name}": outcome for name, outcome in rounds.DIGESTS.items()},
    **{f"centre_digest_{name}": outcome for name, outcome in rounds.CENTRE_DIGESTS.items()},
    **{f"hot_watch_{name}": outcome for name, outcome in rounds.HOT_WATCHES.items()},
}
