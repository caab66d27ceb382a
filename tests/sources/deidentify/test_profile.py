import json

import pytest

from osteon.sources.deidentify.actions import Action, Plan
from osteon.sources.deidentify.options import DeidentifySettings, Option, method_codes
from osteon.sources.deidentify.profile import attribute_type, class_kind, rule_for, rules

CT, DX = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.1.1"
COLUMNS = {
    "rtnLongFullDatesOpt": Option.RETAIN_FULL_DATES,
    "rtnLongModifDatesOpt": Option.RETAIN_MODIFIED_DATES,
    "cleanDescOpt": Option.CLEAN_DESCRIPTORS,
    "rtnUIDsOpt": Option.RETAIN_UIDS,
    "rtnDevIdOpt": Option.RETAIN_DEVICE_IDENTITY,
    "rtnInstIdOpt": Option.RETAIN_INSTITUTION_IDENTITY,
    "rtnPatCharsOpt": Option.RETAIN_PATIENT_CHARACTERISTICS,
    "cleanGraphOpt": Option.CLEAN_GRAPHICS,
    "cleanStructContOpt": Option.CLEAN_STRUCTURED_CONTENT,
    "rtnSafePrivOpt": Option.RETAIN_SAFE_PRIVATE,
}


def test_the_table_agrees_with_the_shared_one(reference_data):
    table = json.loads((reference_data / "deidentification/ps315_table_e1_1.json").read_text())
    rows = table["rows"] + table["added_until_2026c"]
    assert len(rows) == len(rules())
    for row in rows:
        rule = rules()[row["tag"].replace("X", "x") if "x" in row["tag"] else row["tag"]]
        assert rule.basic == row["basic"], row
        assert rule.options == {COLUMNS[name]: act for name, act in row["options"].items()}, row


def test_method_codes_agree_with_the_shared_ones(reference_data):
    table = json.loads((reference_data / "deidentification/ps315_table_e1_1.json").read_text())
    codes = set(table["option_codes_CID_7050"].values())
    ours = {value for value, _ in method_codes(tuple(Option))}
    assert ours == codes - {"113102"}  # recognisable visual features are of the head, not the hip


@pytest.mark.parametrize(
    ("tag", "sop_class", "parent", "action"),
    [
        (0x00080080, DX, "", Action.REMOVE),  # Institution Name X/Z/D is type 3
        (0x00080023, CT, "", Action.EMPTY),  # Content Date Z/D is 2C
        (0x00080022, CT, "", Action.REMOVE),  # Acquisition Date X/Z is 3
        (0x00080022, "1.2.3", "", Action.EMPTY),  # not known: what suits every type
        (0x00080080, "1.2.3", "", Action.DUMMY),
        (0x00081140, DX, "", Action.UID),
        (0x00080018, DX, "", Action.UID),
        (0x00100040, DX, "", Action.EMPTY),
        (0x00080060, DX, "", Action.KEEP),
        (0x00111001, DX, "", Action.REMOVE),
        (0x60003000, DX, "", Action.REMOVE),
        (0x50020010, DX, "", Action.REMOVE),
        (0x00100000, DX, "", Action.REMOVE),  # group length
        (0x00140104, DX, "", Action.REMOVE),  # a person's name that the table does not list
    ],
)
def test_actions_follow_the_type(tag, sop_class, parent, action):
    assert Plan(sop_class, ()).action(tag, parent) is action


def test_options_keep_more():
    full = Plan(DX, (Option.RETAIN_FULL_DATES,))
    moved = Plan(DX, (Option.RETAIN_MODIFIED_DATES,))
    assert full.action(0x00080020) is Action.KEEP
    assert moved.action(0x00080020) is Action.CLEAN
    assert Plan(DX, (Option.RETAIN_UIDS,)).action(0x00080018) is Action.KEEP
    assert Plan(DX, (Option.RETAIN_PATIENT_CHARACTERISTICS,)).action(0x00100040) is Action.KEEP
    assert Plan(DX, (Option.RETAIN_INSTITUTION_IDENTITY,)).action(0x00080080) is Action.KEEP
    assert rule_for(0x00100010).options == {}  # no option keeps a patient's name


def test_types_and_kinds():
    assert attribute_type(DX, "StudyDate", "") == 2
    assert attribute_type(DX, "InstitutionName", "") == 3
    assert attribute_type("1.2.3", "StudyDate", "") is None
    assert class_kind(CT) == "images"
    assert class_kind("1.2.840.10008.5.1.4.1.1.104.1") is None


def test_contradicting_dates_are_refused():
    with pytest.raises(ValueError, match="contradict"):
        DeidentifySettings(options=(Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES))
