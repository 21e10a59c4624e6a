"""HTTP routes on the worker's port: customers (routed to the owning worker), health, status,
metrics."""

from typing import Any

import faust
import msgspec
from faust.app.router import Router
from faust.exceptions import SameNode
from faust.web import Request, Response, View
from faust.web.exceptions import NotFound, ServiceUnavailable
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from yarl import URL

from streams.web.views import HealthStatus, customer_view
from streams.worker.faust.customer_table import CustomersTable
from streams.worker.group import Answers, NotHere

ROUTED = "Sendflow-Routed"
"""Header of a request forwarded by another worker, which is not forwarded again."""


class OneHopRouter(Router):
    """Faust's router, limited to one hop: during a rebalance, two workers may each take the other
    for the owner of a customer."""

    async def _route_req(self, dest_url: Any, web: Any, request: Any) -> Any:
        here = self.app.conf.canonical_url
        if dest_url == here:
            raise SameNode
        if ROUTED in request.headers:
            raise ServiceUnavailable
        # Processes of a worker share host and port; the path tells which is meant.
        url = URL(f"{str(dest_url).rstrip('/')}{request.raw_path}", encoded=True)
        headers = {**request.headers, ROUTED: str(here)}
        client = self.app.http_client
        async with client.request(method=request.method, headers=headers, url=url) as response:
            return web.text(
                await response.text(), content_type=response.content_type, status=response.status
            )


def add_routes(app: faust.App, customers: CustomersTable, answers: Answers) -> None:
    """Adds the views to the app."""

    @app.page("/customers/{customer_id}", name="customer")
    class Customer(View):
        """Committed state of one customer, from the worker that owns it."""

        async def get(self, request: Request, customer_id: str) -> Response:
            try:
                return await app.router.route_req(customers.name, customer_id, self.web, request)
            except SameNode:
                pass
            try:
                state = customers[customer_id]
            except KeyError:
                raise NotFound(f"unknown customer {customer_id!r}") from None
            except NotHere as error:
                raise ServiceUnavailable(str(error)) from None
            return self.json(customer_view(state))

    @app.page("/health", name="health")
    class Health(View):
        """200 while the worker runs, 503 after a failure or a stop."""

        async def get(self, request: Request) -> Response:
            health = answers.health()
            return self.json(
                msgspec.to_builtins(health), status=200 if health.status is HealthStatus.OK else 503
            )

    @app.page("/status", name="status")
    class Status(View):
        """State, clock, blocking input and lag of every task."""

        async def get(self, request: Request) -> Response:
            return self.json(msgspec.to_builtins(answers.status()))

    @app.page("/metrics", name="metrics")
    class Metrics(View):
        """For Prometheus."""

        async def get(self, request: Request) -> Response:
            text = generate_latest(answers.registry)
            return self.bytes(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
