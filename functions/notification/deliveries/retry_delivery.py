"""Send again what has failed or is uncertain, or what waits: it goes within a minute."""

from uuid import UUID

from functions.notification.deliveries.delivery import DeliveryNotRetriable, DeliveryOut, again
from functions.notification.tables import Delivery
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post("/api/notifications/deliveries/{delivery_id}/retry", raises=[NotFound, DeliveryNotRetriable])
@requires("notifications:send")
def retry_delivery(ctx: Context, delivery_id: UUID) -> DeliveryOut:
    delivery = ctx.db.get_or_404(Delivery, delivery_id, lock=True)
    again(delivery, ctx.now)
    return DeliveryOut.model_validate(delivery)
