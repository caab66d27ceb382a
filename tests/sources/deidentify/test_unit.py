import io
import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from objects import CR, HEADERS, as_bytes, cleaned, film, reread
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.datadict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)

from osteon.sources.deidentify.options import DeidentifySettings, Option
from osteon.sources.deidentify.pseudonyms import Pseudonyms
from osteon.sources.deidentify.unit import Cleaned, Refused

WORDS = ("meier", "annelise", "pid-004711", "004711", "19310405", "acc778899", "house", "wilson")
RETAINING = [option for option in Option if option is not Option.CLEAN_PIXEL_DATA]
option_mixes = st.sets(st.sampled_from(RETAINING), max_size=5).filter(
    lambda mix: not {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= mix
)


def left(result, *words):
    lowered = result.data.lower()
    return [word for word in words if word.encode() in lowered]


@given(option_mixes)
@hypothesis_settings(max_examples=40)
def test_no_protected_value_survives_any_mix_of_options(mix):
    result = cleaned(film(), DeidentifySettings(options=tuple(mix)))
    assert isinstance(result, Cleaned), result
    assert not left(result, *WORDS)
    if Option.RETAIN_INSTITUTION_IDENTITY not in mix:
        assert not left(result, "elsewhere")
    if Option.RETAIN_UIDS not in mix:
        assert not left(result, "4444444")
    if Option.RETAIN_FULL_DATES not in mix:
        assert not left(result, "20190304", "20190314")


def test_the_object_says_what_was_done():
    ds = reread(cleaned(film(), DeidentifySettings(options=("retain_longitudinal_full_dates",))))
    assert ds.PatientIdentityRemoved == "YES"
    assert ds.LongitudinalTemporalInformationModified == "UNMODIFIED"
    codes = [item.CodeValue for item in ds.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113106"]
    assert ds.preamble == b"\0" * 128
    assert "SourceApplicationEntityTitle" not in ds.file_meta
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID


def test_pixels_stay_bit_by_bit():
    original = film()
    assert reread(cleaned(original)).PixelData == original.PixelData


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_encodings_give_the_same_object(syntax):
    original = film()
    data = as_bytes(original)
    if syntax == ExplicitVRBigEndian:
        ds = dcmread(io.BytesIO(data))
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
        stream = io.BytesIO()
        ds.file_meta.TransferSyntaxUID = syntax
        dcmwrite(stream, ds, implicit_vr=False, little_endian=False, force_encoding=True)
        data = stream.getvalue()
    else:
        data = as_bytes(original, syntax)
    result = reread(cleaned(data))
    plain = reread(cleaned(film()))
    assert (result.Rows, result.PatientID) == (plain.Rows, plain.PatientID)
    assert np.array_equal(result.pixel_array, plain.pixel_array)
    assert not left(cleaned(data), *WORDS)


def test_references_and_files_agree():
    one = reread(cleaned(film(SOPInstanceUID="1.2.3.4444444.9")))
    other = reread(cleaned(film()))
    assert other.ReferencedImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert other.StudyInstanceUID == one.StudyInstanceUID != film().StudyInstanceUID
    assert other.SOPClassUID == CR


@given(st.integers(-2000, 2000), st.integers(0, 400))
@hypothesis_settings(max_examples=20)
def test_intervals_survive_modified_dates(first, second):
    base = np.datetime64("2015-06-01")
    days = [str(base + np.timedelta64(n, "D")).replace("-", "") for n in (first, first + second)]
    settings = DeidentifySettings(options=("retain_longitudinal_modified_dates",))
    ds = reread(cleaned(film(StudyDate=days[0], SeriesDate=days[1]), settings))
    new = [np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in (ds.StudyDate, ds.SeriesDate)]
    assert (new[1] - new[0]).astype(int) == second
    assert ds.StudyDate not in days
    assert ds.LongitudinalTemporalInformationModified == "MODIFIED"


@given(option_mixes)
@hypothesis_settings(max_examples=20)
def test_twice_is_once(mix):
    settings = DeidentifySettings(options=tuple(mix))
    once = cleaned(film(), settings)
    assert cleaned(once.data, settings).data == once.data


def test_another_secret_gives_other_pseudonyms():
    ours = reread(cleaned(film()))
    theirs = reread(cleaned(film(), HEADERS, Pseudonyms(b"t" * 32)))
    assert ours.PatientID != theirs.PatientID
    assert ours.SOPInstanceUID != theirs.SOPInstanceUID


PLANTED = {
    "AE": "ZQXPHIZQX", "AS": "077Y", "CS": "ZQXPHIZQX", "DA": "19311225", "DT": "19311225101112",
    "LO": "ZQXPHIZQX", "LT": "ZQXPHIZQX", "OB": b"ZQXPHIZQX0", "OW": b"ZQXPHIZQX0",
    "PN": "ZQXPHIZQX^Q", "SH": "ZQXPHIZQX", "ST": "ZQXPHIZQX", "UC": "ZQXPHIZQX",
    "UN": b"ZQXPHIZQX0", "UR": "http://ZQXPHIZQX", "UT": "ZQXPHIZQX", "UI": "1.2.3.777777777",
}  # fmt: skip


def listed_tags(vr):
    from osteon.sources.deidentify.profile import rules

    tags = [int(tag, 16) for tag in rules() if re.fullmatch("[0-9A-F]{8}", tag) and tag > "0008"]
    found = [tag for tag in tags if DicomDictionary.get(tag, [""])[0] == vr]
    return found[:6] or [0x00091001]


@pytest.mark.parametrize("vr", sorted(PLANTED))
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_identity_in_every_representation_at_every_depth_goes(vr, depth):
    ds = film()
    for tag in listed_tags(vr):
        place = ds
        for _ in range(depth):
            item = Dataset()
            if "AnatomicRegionSequence" in place:
                item = place.AnatomicRegionSequence[0]
            place.AnatomicRegionSequence = Sequence([item])
            place = item
        if tag >> 16 == 0x0009:
            place.add_new(0x00090010, "LO", "ACME")
        place[tag] = DataElement(tag, vr, PLANTED[vr])
    result = cleaned(ds)
    assert isinstance(result, Cleaned), result
    token = {"DA": "19311225", "DT": "19311225", "UI": "777777777", "AS": "077y"}
    assert not left(result, token.get(vr, "zqxphizqx"))


def test_a_name_in_a_kept_element_stops_the_delivery():
    result = cleaned(film(Manufacturer="Made for Annelise"))
    assert isinstance(result, Refused)
    assert result.reason == "residue"
    assert "(0008,0070) Manufacturer" in result.detail
    assert "annelise" not in result.detail.lower()


def test_a_name_that_is_a_plain_word_is_no_residue():
    made = film(PatientName="Synthetic^Phantom", Manufacturer="Maker (synthetic)")
    assert isinstance(cleaned(made), Cleaned)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_an_age_that_is_none_goes_whatever_the_encoding(syntax):
    ds = dcmread(io.BytesIO(as_bytes(film(PatientAge="Anne"))))
    ds.file_meta.TransferSyntaxUID = syntax
    stream = io.BytesIO()
    with disable_value_validation():
        is_little = syntax == ExplicitVRLittleEndian
        dcmwrite(stream, ds, implicit_vr=False, little_endian=is_little, force_encoding=True)
    settings = DeidentifySettings(options=("retain_patient_characteristics",))
    result = cleaned(stream.getvalue(), settings)
    assert isinstance(result, Cleaned), result
    assert b"Anne" not in result.data


@pytest.mark.parametrize(
    "spelling", ["1931-04-05", "05.04.1931", "04/05/1931", "PID004711", "004711", "MEIER"]
)
def test_other_spellings_are_residue(spelling):
    result = cleaned(film(Manufacturer=f"by {spelling} x"))
    assert isinstance(result, Refused), spelling
    assert result.reason == "residue"


@pytest.mark.parametrize(
    ("charset", "name", "words"),
    [
        ("ISO_IR 100", "Müller^Jürgen", ["müller", "mueller", "jürgen"]),
        ("ISO 2022 IR 6\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎", ["山田", "yamada"]),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东", ["小东", "xiaodong"]),
        ("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동", ["길동", "gildong"]),
    ],
)
def test_names_of_other_scripts_go_and_are_found(charset, name, words):
    ds = film(SpecificCharacterSet=charset.split("\\"), PatientName=name)
    result = cleaned(ds)
    assert isinstance(result, Cleaned), result
    for word, encoding in itertools.product(words, ("utf-8", "latin-1", "iso2022_jp", "euc_kr")):
        assert word.encode(encoding, "ignore") not in result.data.lower() or not word.encode(
            encoding, "ignore"
        )
    planted = film(SpecificCharacterSet=charset.split("\\"), PatientName=name)
    planted.Manufacturer = words[0]
    assert isinstance(cleaned(planted), Refused)


def test_ages_and_impossible_dates_do_no_harm():
    chars = DeidentifySettings(options=("retain_patient_characteristics",))
    assert reread(cleaned(film(), chars)).PatientAge == "090Y"
    assert reread(cleaned(film(PatientAge="75"), chars)).PatientAge == "075Y"
    assert reread(cleaned(film(PatientAge="075Y"), chars)).PatientAge == "075Y"
    moved = DeidentifySettings(options=("retain_longitudinal_modified_dates",))
    future = reread(cleaned(film(PatientBirthDate="29990101", StudyDate="not a date"), moved))
    assert future.PatientBirthDate == future.StudyDate == ""


def test_descriptors_keep_known_words_only():
    settings = DeidentifySettings(options=("clean_descriptors",))
    assert reread(cleaned(film(), settings)).StudyDescription == "Pelvis AP for"
    assert "StudyDescription" not in reread(cleaned(film()))


def test_safe_private_attributes_stay_when_asked():
    ds = film()
    block = ds.private_block(0x0043, "GEMS_PARM_01", create=True)
    block.add_new(0x27, "SH", "1.25:1")
    block.add_new(0x28, "LO", "somebody")
    kept = reread(cleaned(ds, DeidentifySettings(options=("retain_safe_private",))))
    assert kept.private_block(0x0043, "GEMS_PARM_01")[0x27].value == "1.25:1"
    assert not [tag for tag in kept.keys() if tag.group == 0x0011]  # noqa: SIM118
    assert (0x0043, 0x1028) not in kept
    assert not [tag for tag in reread(cleaned(ds)).keys() if tag.group % 2]  # noqa: SIM118


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, "class_not_covered"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"}, "option_needed"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1"}, "option_needed"),
        ({"SOPClassUID": "1.3.12.2.1107.5.9.1"}, "class_not_covered"),
        ({"BurnedInAnnotation": "YES"}, "option_needed"),
        ({"Modality": "US"}, "option_needed"),
    ],
)
def test_what_cannot_be_cleaned_is_refused(values, reason):
    result = cleaned(film(**values))
    assert isinstance(result, Refused)
    assert result.reason == reason


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", b"\x1f\x8b" + b"x" * 200])
def test_what_is_no_object_is_refused(data):
    assert isinstance(cleaned(data), Refused)


def test_structured_content_is_cleaned_when_asked():
    ds = film(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(ds, keyword)
    item = Dataset()
    item.ValueType, item.TextValue = "TEXT", "Pelvis fracture in Annelise Meier"
    person = Dataset()
    person.ValueType, person.PersonName = "PNAME", "House^Gregory"
    ds.ContentSequence = Sequence([item, person])
    new = reread(cleaned(ds, DeidentifySettings(options=("clean_structured_content",))))
    assert new.ContentSequence[0].TextValue == "Pelvis fracture"
    assert new.ContentSequence[1].PersonName == "REMOVED"


def test_a_comment_in_compressed_pixels_is_residue():
    ds = film()
    data = as_bytes(ds)
    whole = dcmread(io.BytesIO(data))
    whole.compress(JPEG2000Lossless, np.zeros((32, 32), np.uint16), generate_instance_uid=False)
    stream = io.BytesIO()
    whole.save_as(stream)
    assert isinstance(cleaned(stream.getvalue()), Cleaned)
    pixels = whole.PixelData[:-40] + b"ANNELISE" + whole.PixelData[-32:]
    whole.PixelData = pixels
    stream = io.BytesIO()
    whole.save_as(stream)
    assert isinstance(cleaned(stream.getvalue()), Refused)
