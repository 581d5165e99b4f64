"""The baseline's one view: the framework's own serializer, paging and renderer."""

from django.urls import path
from rest_framework import generics, pagination, renderers, serializers

from benchmarks.baseline.models import Segment


class SegmentSerializer(serializers.ModelSerializer):
    """The same fields that the product sends with values."""

    class Meta:
        model = Segment
        fields = ("segment_id", "segment_start", "segment_end", "interval", "formats", "values")


class Pages(pagination.LimitOffsetPagination):
    """Pages of a hundred, as the product's."""

    default_limit = 100


class SegmentList(generics.ListAPIView):
    """Segments in order of their start."""

    authentication_classes = ()
    permission_classes = ()
    queryset = Segment.objects.order_by("segment_start")
    serializer_class = SegmentSerializer
    pagination_class = Pages
    renderer_classes = (renderers.JSONRenderer,)


urlpatterns = [path("segments", SegmentList.as_view())]
