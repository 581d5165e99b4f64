"""Enumerations of usage segments and certificates (CDS-WG3-01 10.8 and 10.9)."""

from django.db.models import TextChoices


class ValueType(TextChoices):
    """Kinds of usage values (CDS-WG3-01 10.8.5)."""

    ELECTRIC_USAGE = "electric_usage"
    ELECTRIC_DEMAND = "electric_demand"
    ELECTRIC_SUPPLY_MIX = "electric_supply_mix"
    WATER_USAGE = "water_usage"
    NATURAL_GAS_USAGE = "natural_gas_usage"
    FUEL_OIL_USAGE = "fuel_oil_usage"
    COST = "cost"
    METER_READINGS = "meter_readings"


class UnitType(TextChoices):
    """Units (CDS-WG3-01 10.8.7.1)."""

    WH = "Wh"
    KWH = "kWh"
    MWH = "MWh"
    W = "W"
    KW = "kW"
    MW = "MW"
    M3 = "m3"
    FT3 = "ft3"
    CCF = "CCF"
    MCF = "MCF"
    MMCF = "MMCF"
    MMCFD = "MMCFD"
    L = "L"
    GAL = "gal"
    BTU = "Btu"
    THERM = "therm"
    SM3 = "Sm3"
    SCF = "scf"
    SCFM = "SCFM"
    C = "C"
    F = "F"
    VAR = "var"
    KVAR = "kvar"
    VARH = "varh"
    KVARH = "kvarh"
    YEARS = "years"
    MONTHS = "months"
    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"
    SECONDS = "seconds"
    MONEY = "money"
    COUNT = "count"
    PERCENT = "percent"


class DirectionType(TextChoices):
    """Directions of flow (CDS-WG3-01 10.8.7.2)."""

    NET = "net"
    FORWARD = "forward"
    REVERSE = "reverse"


class TimeOfUseType(TextChoices):
    """Time-of-use periods (CDS-WG3-01 10.8.7.3)."""

    SUPER_PEAK = "super_peak"
    PEAK = "peak"
    PARTIAL_PEAK = "partial_peak"
    OFF_PEAK = "off_peak"
    SUPER_OFF_PEAK = "super_off_peak"


class TierType(TextChoices):
    """Price tiers (CDS-WG3-01 10.8.7.4)."""

    BASELINE = "baseline"
    OVERAGE = "overage"
    TIER_1 = "tier_1"
    TIER_2 = "tier_2"
    TIER_3 = "tier_3"
    TIER_4 = "tier_4"
    TIER_5 = "tier_5"
    TIER_6 = "tier_6"
    TIER_7 = "tier_7"
    TIER_8 = "tier_8"
    TIER_9 = "tier_9"


class SeasonType(TextChoices):
    """Seasons (CDS-WG3-01 10.8.7.5)."""

    SPRING = "spring"
    SUMMER = "summer"
    FALL = "fall"
    WINTER = "winter"


class ReadingQualityType(TextChoices):
    """Qualities of readings (CDS-WG3-01 10.8.7.6)."""

    RAW = "raw"
    MANUAL = "manual"
    VALID = "valid"
    REVENUE = "revenue"
    ESTIMATED = "estimated"
    CALCULATED = "calculated"
    CORRECTED = "corrected"
    WEBSITE = "website"


class DemandType(TextChoices):
    """Kinds of demand values (CDS-WG3-01 10.8.7.7)."""

    PEAK = "peak"
    AVERAGE = "average"
    STARTING = "starting"
    ENDING = "ending"


class SupplyAttributionType(TextChoices):
    """Attributions of supply (CDS-WG3-01 10.8.7.8)."""

    BASE = "base"
    INDIVIDUAL = "individual"
    RESIDUAL = "residual"


class SupplyType(TextChoices):
    """Kinds of supply (CDS-WG3-01 10.8.7.9)."""

    GENERAL = "general"
    CARBONFREE = "carbonfree"
    PEAKER = "peaker"
    SOLAR = "solar"
    WIND = "wind"
    HYDRO = "hydro"
    GEOTHERMAL = "geothermal"
    BIOMASS = "biomass"
    NUCLEAR = "nuclear"
    STORAGE = "storage"
    DEMAND_MANAGEMENT = "demand_management"
    DISTRIBUTED = "distributed"
    NATURAL_GAS = "natural_gas"
    COAL = "coal"
    OIL = "oil"


class BeneficiaryType(TextChoices):
    """Beneficiaries of certificates (CDS-WG3-01 10.9.2)."""

    CUSTOMER = "customer"
    ACCOUNT = "account"
    SERVICECONTRACT = "servicecontract"
    RATEPLAN = "rateplan"
    PROGRAM = "program"
    GENERAL = "general"
