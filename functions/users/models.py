"""All models of this service: what is handed out and erased (shared/personal_data.py)."""

from functions.users.consents.tables import ConsentEntry
from functions.users.devices.tables import Device
from functions.users.erasure.tables import Erasure
from functions.users.exports.tables import Export
from functions.users.profiles.tables import Profile
from functions.users.terms.tables import TermsAcceptance, TermsVersion

MODELS = (ConsentEntry, Device, Erasure, Export, TermsAcceptance, TermsVersion, Profile)
