"""Application configuration."""

from django.apps import AppConfig


class CustomerDataConfig(AppConfig):
    """Accounts, contracts, meters, usage and their APIs (CDS-WG3-01 10)."""

    name = "customerdata"
    verbose_name = "Customer data"

    def ready(self) -> None:
        """Register with the apps above: consent's sources and listeners, and the metadata."""
        from consent import customer_accounts
        from customerdata import addresses, retention
        from customerdata.access.listener import AccessComputation
        from customerdata.customer_accounts import Customers
        from customerdata.metadata import customer_data_part
        from customerdata.services.links.link_by_claims import link_asserted
        from customerdata.usage import upkeep
        from portal.registries import DocsPage
        from portal.sign_in.openid import claims
        from registration.catalogue.metadata_parts import metadata_parts
        from registration.pages.docs import field_notes

        customer_accounts.register(catalog=Customers(), listener=AccessComputation())
        metadata_parts.register("customerdata", customer_data_part)
        claims.listeners.register("customerdata", link_asserted)
        upkeep.register()
        retention.register()
        note = DocsPage("", "", "docs/addresses.md", context=addresses.docs_context)
        field_notes.register("addresses", note)
