"""Enumerations of accounts, contracts to aggregations (CDS-WG3-01 10.1 to 10.7)."""

from django.db.models import TextChoices


class AccountType(TextChoices):
    """Kinds of accounts (CDS-WG3-01 10.1.2)."""

    CUSTOMER = "customer"
    THIRDPARTY = "thirdparty"
    INTERNAL = "internal"
    PARENT = "parent"
    CHILD = "child"
    TEST = "test"
    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    AGRICULTURE = "agriculture"
    MUNICIPAL = "municipal"
    BILLED_MONTHLY = "billed_monthly"
    BILLED_QUARTERLY = "billed_quarterly"


class AccountStatus(TextChoices):
    """States of accounts (CDS-WG3-01 10.1.3)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class EntityType(TextChoices):
    """Kinds of companies (CDS-WG3-01 10.1.5)."""

    DISTRIBUTOR = "distributor"
    SUPPLIER = "supplier"
    IOU = "iou"
    MUNI = "muni"
    CCA = "cca"
    RETAILER = "retailer"
    GENERATOR = "generator"
    DSO = "dso"
    TSO = "tso"
    ISO = "iso"


class AccountContactType(TextChoices):
    """Kinds of contacts (CDS-WG3-01 10.1.7)."""

    PHONE_NUMBER = "phone_number"
    EMAIL = "email"
    HOME = "home"
    WORK = "work"
    MOBILE = "mobile"
    PREFERRED = "preferred"
    PRIMARY = "primary"
    SECONDARY = "secondary"


class AccountProgramType(TextChoices):
    """Kinds and states of account programs (CDS-WG3-01 10.1.9)."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    LOW_INCOME = "low_income"
    FLAT_RATE = "flat_rate"
    PAYMENT_PLAN = "payment_plan"
    PROTECTED = "protected"
    SURVEY = "survey"
    PILOT = "pilot"
    REBATE = "rebate"
    CREDIT_BANK = "credit_bank"


class ContractType(TextChoices):
    """Kinds of service contracts (CDS-WG3-01 10.2.2)."""

    UTILITY_SERVICE = "utility_service"
    PROJECT = "project"
    BILLED_MONTHLY = "billed_monthly"
    BILLED_QUARTERLY = "billed_quarterly"


class ContractStatus(TextChoices):
    """States of service contracts (CDS-WG3-01 10.2.3)."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class ServiceType(TextChoices):
    """Kinds of services (CDS-WG3-01 10.2.4)."""

    ELECTRIC = "electric"
    WATER = "water"
    NATURAL_GAS = "natural_gas"
    FUEL_OIL = "fuel_oil"
    WASTE_WATER = "waste_water"
    SOLID_WASTE = "solid_waste"
    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    AGRICULTURE = "agriculture"
    METERED = "metered"
    UNMETERED = "unmetered"
    DISTRIBUTION = "distribution"
    SUPPLY = "supply"
    GENERATION = "generation"


class ServiceProgramType(TextChoices):
    """Kinds and states of service programs (CDS-WG3-01 10.2.6)."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    LOW_INCOME = "low_income"
    PROTECTED = "protected"
    SURVEY = "survey"
    PILOT = "pilot"
    REBATE = "rebate"
    CREDIT_BANK = "credit_bank"
    DEMAND_RESPONSE = "demand_response"
    EV = "ev"
    THERMOSTAT = "thermostat"


class ServicePointType(TextChoices):
    """Kinds of service points (CDS-WG3-01 10.3.2)."""

    ELECTRIC = "electric"
    WATER = "water"
    NATURAL_GAS = "natural_gas"
    FUEL_OIL = "fuel_oil"
    SINGLE_SERVICE = "single_service"
    MULTI_SERVICE = "multi_service"
    PHYSICAL = "physical"
    VIRTUAL = "virtual"
    EDGE = "edge"
    INTERNAL = "internal"


class PremiseType(TextChoices):
    """Kinds of premises (CDS-WG3-01 10.3.4)."""

    SERVICE_GROUP = "service_group"
    BUILDING = "building"
    LAND = "land"
    ZONE = "zone"


class MeterType(TextChoices):
    """Kinds of meters (CDS-WG3-01 10.4.2)."""

    ELECTRIC_USAGE = "electric_usage"
    WATER_USAGE = "water_usage"
    NATURAL_GAS_USAGE = "natural_gas_usage"
    FUEL_OIL_USAGE = "fuel_oil_usage"
    FORWARD_ONLY = "forward_only"
    REVERSE_ONLY = "reverse_only"
    BIDIRECTIONAL = "bidirectional"
    PHYSICAL_METER = "physical_meter"
    VIRTUAL_METER = "virtual_meter"
    ELECTRIC_DEMAND = "electric_demand"
    AMI_METER = "ami_meter"
    AMR_METER = "amr_meter"
    ANALOG_METER = "analog_meter"
    WIFI_CAPABLE = "wifi_capable"
    WIFI_ENABLED = "wifi_enabled"
    WIFI_CONFIGURED = "wifi_configured"
    ZIGBEE_CAPABLE = "zigbee_capable"
    ZIGBEE_ENABLED = "zigbee_enabled"
    ZIGBEE_CONFIGURED = "zigbee_configured"
    CENTRAL_APPS_CAPABLE = "central_apps_capable"
    CUSTOMER_APPS_CAPABLE = "customer_apps_capable"


class MeterAppType(TextChoices):
    """States of meter apps (CDS-WG3-01 10.4.4)."""

    INSTALLED = "installed"
    UNINSTALLED = "uninstalled"
    COMPATIBLE = "compatible"
    INCOMPATIBLE = "incompatible"
    CUSTOMER_INSTALLABLE = "customer_installable"
    CENTRAL_INSTALLABLE = "central_installable"


class NewChargeType(TextChoices):
    """Kinds of new charges (CDS-WG3-01 10.5.3)."""

    ELECTRIC_TOTAL = "electric_total"
    WATER_TOTAL = "water_total"
    NATURAL_GAS_TOTAL = "natural_gas_total"
    FUEL_OIL_TOTAL = "fuel_oil_total"
    WASTE_WATER_TOTAL = "waste_water_total"
    SOLID_WASTE_TOTAL = "solid_waste_total"
    TAX = "tax"
    FIXED_FEE = "fixed_fee"
    FLAT_RATE = "flat_rate"
    INTEREST = "interest"
    DEPOSIT = "deposit"
    DIFFERED = "differed"
    CREDIT_BANK = "credit_bank"
    PROGRAM = "program"
    ADHOC = "adhoc"
    AMOUNT_DUE_SUM_DIFFERENCE = "amount_due_sum_difference"


class BillSectionType(TextChoices):
    """Kinds of bill sections (CDS-WG3-01 10.6.2)."""

    SERVICE_CONTRACT = "service_contract"
    SUB_ACCOUNT = "sub_account"
    OTHER_SECTION = "other_section"
    ELECTRIC = "electric"
    WATER = "water"
    NATURAL_GAS = "natural_gas"
    FUEL_OIL = "fuel_oil"
    DISTRIBUTION = "distribution"
    SUPPLY = "supply"


class BillSectionUsageDetailType(TextChoices):
    """Kinds of usage details (CDS-WG3-01 10.6.4)."""

    ELECTRIC_USAGE = "electric_usage"
    WATER_USAGE = "water_usage"
    NATURAL_GAS_USAGE = "natural_gas_usage"
    FUEL_OIL_USAGE = "fuel_oil_usage"
    ELECTRIC_DEMAND = "electric_demand"
    TIME_OF_USE = "time_of_use"
    TIERED = "tiered"
    DIRECTIONAL = "directional"
    SEASONAL = "seasonal"
    AMI_READING = "ami_reading"
    AMR_READING = "amr_reading"
    ANALOG_METER = "analog_meter"
    CUSTOMER_PROVIDED = "customer_provided"
    ESTIMATED = "estimated"


class BillSectionCostDetailType(TextChoices):
    """Kinds of cost details (CDS-WG3-01 10.6.6)."""

    OVERALL_TOTAL = "overall_total"
    SUBTOTAL = "subtotal"
    FIXED_CHARGES = "fixed_charges"
    USAGE_CHARGES = "usage_charges"
    TAXES = "taxes"
    DISTRIBUTION = "distribution"
    SUPPLY = "supply"
    TRANSMISSION = "transmission"
    OTHER = "other"


class BillSectionLineItemType(TextChoices):
    """Kinds of line items (CDS-WG3-01 10.6.8)."""

    FIXED_CHARGE = "fixed_charge"
    USAGE_CHARGE = "usage_charge"
    TAX = "tax"
    DISTRIBUTION = "distribution"
    SUPPLY = "supply"
    TRANSMISSION = "transmission"
    OTHER = "other"


class AggregationType(TextChoices):
    """Kinds of aggregations (CDS-WG3-01 10.7.2)."""

    PUBLIC = "public"
    LISTED = "listed"
    CONFIDENTIAL = "confidential"
    REGION = "region"
    COUNTRY = "country"
    PROVINCE = "province"
    MUNICIPALITY = "municipality"
    LOCAL = "local"
    BUILDING = "building"
    ACCOUNT_NUMBER = "account_number"
    ACCOUNT_TYPE = "account_type"
    ACCOUNT_PROGRAM_NUMBER = "account_program_number"
    CONTRACT_NUMBER = "contract_number"
    SERVICE_TYPE = "service_type"
    RATEPLAN_CODE = "rateplan_code"
    SERVICE_PROGRAM_NUMBER = "service_program_number"
    SERVICEPOINT_NUMBER = "servicepoint_number"
    SERVICEPOINT_TYPE = "servicepoint_type"
    PREMISE_NUMBER = "premise_number"
    METER_NUMBER = "meter_number"
    METER_TYPE = "meter_type"
    METER_APP_NUMBER = "meter_app_number"


class AggregationRegionType(TextChoices):
    """Kinds of regions (CDS-WG3-01 10.7.4)."""

    GEOGRAPHIC = "geographic"
    POSTAL_CODE = "postal_code"
    COUNTY = "county"
    NEIGHBORHOOD = "neighborhood"
    CITY_BLOCK = "city_block"


class ConsentRequirementType(TextChoices):
    """When consent is needed (CDS-WG3-01 10.7.6)."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"
