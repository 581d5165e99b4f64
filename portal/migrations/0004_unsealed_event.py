from django.db import migrations, models

TRIGGER = """
CREATE FUNCTION portal_note_unsealed() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO portal_unsealedevent (event_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER portal_auditevent_unsealed AFTER INSERT ON portal_auditevent
FOR EACH ROW EXECUTE FUNCTION portal_note_unsealed();
"""
NO_TRIGGER = """
DROP TRIGGER portal_auditevent_unsealed ON portal_auditevent;
DROP FUNCTION portal_note_unsealed();
"""


class Migration(migrations.Migration):
    """The trigger also notes what processes of the version before write until they are restarted.

    It finds its table by itself: whoever loads a dump of data has an empty search path.
    """

    dependencies = [
        ("portal", "0003_encrypt_second_factors"),
    ]

    operations = [
        migrations.CreateModel(
            name="UnsealedEvent",
            fields=[
                ("event_id", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.RunSQL(TRIGGER, NO_TRIGGER),
    ]
