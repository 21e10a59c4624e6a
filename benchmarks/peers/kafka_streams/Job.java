import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The job of the comparison in Kafka Streams: exactly once, one thread, RocksDB. */
public class Job {
  static final long SMART_SENDING = 16 * 3_600_000L;
  static final long REVIEW_AFTER = 3 * 86_400_000L;
  static final List<String> LISTS = List.of("ordered", "searched", "bought", "cart", "journeys");
  static final long CART_AFTER = 4 * 3_600_000L;
  static final String PREFIX = System.getenv("PREFIX");

  static Schema schema(String name) {
    try {
      Schema parsed = new Schema.Parser().parse(new File(System.getenv("SCHEMAS"), name + ".avsc"));
      return withJavaStrings(parsed);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets Avro make Strings instead of Utf8, everywhere in the schema. */
  static Schema withJavaStrings(Schema schema) {
    switch (schema.getType()) {
      case STRING -> GenericData.setStringType(schema, GenericData.StringType.String);
      case MAP -> {
        GenericData.setStringType(schema, GenericData.StringType.String);
        withJavaStrings(schema.getValueType());
      }
      case ARRAY -> withJavaStrings(schema.getElementType());
      case UNION -> schema.getTypes().forEach(Job::withJavaStrings);
      case RECORD -> schema.getFields().forEach(field -> withJavaStrings(field.schema()));
      default -> { }
    }
    return schema;
  }

  /** Bytes to records and back, with the decoder and encoder reused. */
  static class Codec {
    final Schema schema;
    final GenericDatumReader<GenericRecord> reader;
    final GenericDatumWriter<GenericRecord> writer;
    BinaryDecoder decoder;
    BinaryEncoder encoder;

    Codec(Schema schema) {
      this.schema = schema;
      reader = new GenericDatumReader<>(schema);
      writer = new GenericDatumWriter<>(schema);
    }

    GenericRecord decode(byte[] bytes, int offset) {
      try {
        decoder = DecoderFactory.get().binaryDecoder(bytes, offset, bytes.length - offset, decoder);
        return reader.read(null, decoder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    byte[] encode(GenericRecord record) {
      try {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        encoder = EncoderFactory.get().binaryEncoder(out, encoder);
        writer.write(record, encoder);
        encoder.flush();
        return out.toByteArray();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  static final Schema JOURNEY = withJavaStrings(
      SchemaBuilder.record("Journey").fields()
          .requiredString("flow").requiredString("id").requiredLong("due").endRecord());
  static final Schema STATE = withJavaStrings(
      SchemaBuilder.record("Customer").fields()
          .requiredLong("orders").requiredLong("revenue").requiredLong("first")
          .requiredLong("last").requiredLong("last_email")
          .name("counts").type().map().values().longType().noDefault()
          .name("ordered").type().array().items().longType().noDefault()
          .name("searched").type().array().items().longType().noDefault()
          .name("bought").type().array().items().stringType().noDefault()
          .name("cart").type().array().items().stringType().noDefault()
          .name("journeys").type().array().items(JOURNEY).noDefault()
          .endRecord());

  static class Customers implements Processor<String, byte[], String, byte[]> {
    ProcessorContext<String, byte[]> context;
    KeyValueStore<String, byte[]> customers;
    KeyValueStore<String, byte[]> timers;
    final Codec order = new Codec(schema("OrderPlaced"));
    final Codec cart = new Codec(schema("CartUpdated"));
    final Codec search = new Codec(schema("SearchPerformed"));
    final Codec command = new Codec(schema("SendCommand"));
    final Codec state = new Codec(STATE);

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
      this.context = context;
      customers = context.getStateStore("customers");
      timers = context.getStateStore("timers");
    }

    @Override
    public void process(Record<String, byte[]> record) {
      String topic = context.recordMetadata().orElseThrow().topic().substring(PREFIX.length());
      GenericRecord customer = load(record.key());
      this.<Map<String, Long>>get(customer, "counts").merge(topic, 1L, Long::sum);
      switch (topic) {
        case "orders" -> onOrder(record, customer, order.decode(record.value(), 10));
        case "carts" -> onCart(record, customer, cart.decode(record.value(), 10));
        default -> {
          GenericRecord event = search.decode(record.value(), 10);
          last(this.<List<Long>>get(customer, "searched"), (Long) event.get("occurred_at"), 20);
        }
      }
      customers.put(record.key(), state.encode(customer));
    }

    void onOrder(Record<String, byte[]> record, GenericRecord customer, GenericRecord event) {
      long now = (Long) event.get("occurred_at");
      long orders = (Long) customer.get("orders") + 1;
      customer.put("orders", orders);
      customer.put("revenue", (Long) customer.get("revenue") + (Long) event.get("total"));
      if ((Long) customer.get("first") == 0) {
        customer.put("first", now);
      }
      customer.put("last", now);
      last(this.<List<Long>>get(customer, "ordered"), now, 20);
      for (GenericRecord item : this.<List<GenericRecord>>get(event, "items")) {
        last(this.<List<String>>get(customer, "bought"), (String) item.get("sku"), 50);
      }
      customer.put("cart", new ArrayList<String>());
      this.<List<GenericRecord>>get(customer, "journeys")
          .removeIf(journey -> journey.get("flow").equals("cart"));
      send(record, customer, event, "confirmation", "confirmed", get(event, "items"));
      send(record, customer, event, "thanks", orders == 1 ? "new" : "returning", List.of());
      begin(record.key(), customer, "review", (String) event.get("event_id"), now + REVIEW_AFTER);
    }

    void onCart(Record<String, byte[]> record, GenericRecord customer, GenericRecord event) {
      List<String> skus = new ArrayList<>();
      for (GenericRecord item : this.<List<GenericRecord>>get(event, "items")) {
        skus.add((String) item.get("sku"));
      }
      customer.put("cart", skus);
      this.<List<GenericRecord>>get(customer, "journeys")
          .removeIf(journey -> journey.get("flow").equals("cart"));
      long due = (Long) event.get("occurred_at") + CART_AFTER;
      begin(record.key(), customer, "cart", (String) event.get("event_id"), due);
    }

    void begin(String key, GenericRecord customer, String flow, String id, long due) {
      GenericRecord journey = new GenericData.Record(JOURNEY);
      journey.put("flow", flow);
      journey.put("id", id);
      journey.put("due", due);
      last(this.<List<GenericRecord>>get(customer, "journeys"), journey, 10);
      timers.put(String.format("%015d", due) + key, new byte[0]);
    }

    void send(Record<String, byte[]> record, GenericRecord customer, GenericRecord event,
        String flow, String template, List<GenericRecord> items) {
      long now = (Long) event.get("occurred_at");
      if (!flow.equals("confirmation")) {
        long before = (Long) customer.get("last_email");
        if (before != 0 && now - before < SMART_SENDING) {
          decide(record, "{\"outcome\":\"skipped\",\"reason\":\"smart_sending\"}");
          return;
        }
        customer.put("last_email", now);
      }
      String journey = flow + "-" + event.get("event_id");
      GenericRecord message = new GenericData.Record(command.schema);
      for (Schema.Field field : command.schema.getFields()) {
        if (field.hasDefaultValue()) { // fields of later contracts
          message.put(field.pos(), GenericData.get().getDefaultValue(field));
        }
      }
      message.put("send_id", journey + "-" + template);
      message.put("customer_id", record.key());
      message.put("channel", "email");
      message.put("recipient", record.key() + "@example.com");
      message.put("template", template);
      message.put("flow", flow);
      message.put("flow_version", "1");
      message.put("step", template);
      message.put("journey_id", journey);
      message.put("transactional", flow.equals("confirmation"));
      message.put("decided_at", now);
      message.put("not_before", now);
      message.put("expires_at", now + 72 * 3_600_000L);
      message.put("variables", Map.of());
      message.put("items", shown(items, (String) event.get("currency")));
      message.put("utm", Map.of());
      message.put("trigger_event_id", event.get("event_id"));
      context.forward(new Record<>(record.key(), command.encode(message), now), "commands");
      decide(record, "{\"outcome\":\"sent\"}");
    }

    List<GenericRecord> shown(List<GenericRecord> items, String currency) {
      Schema item = command.schema.getField("items").schema().getElementType();
      List<GenericRecord> shown = new ArrayList<>();
      for (GenericRecord line : items) {
        GenericRecord copy = new GenericData.Record(item);
        for (Schema.Field field : line.getSchema().getFields()) {
          copy.put(field.name(), line.get(field.pos()));
        }
        copy.put("currency", currency);
        shown.add(copy);
      }
      return shown;
    }

    void decide(Record<String, byte[]> record, String decision) {
      byte[] value = decision.getBytes(StandardCharsets.UTF_8);
      context.forward(new Record<>(record.key(), value, record.timestamp()), "decisions");
    }

    GenericRecord load(String key) {
      byte[] bytes = customers.get(key);
      if (bytes != null) {
        GenericRecord customer = state.decode(bytes, 0);
        for (String list : LISTS) { // Avro's own lists can't take an element out of the middle
          customer.put(list, new ArrayList<>(this.<List<?>>get(customer, list)));
        }
        return customer;
      }
      GenericRecord fresh = new GenericData.Record(STATE);
      for (String number : List.of("orders", "revenue", "first", "last", "last_email")) {
        fresh.put(number, 0L);
      }
      fresh.put("counts", new HashMap<String, Long>());
      for (String list : LISTS) {
        fresh.put(list, new ArrayList<>());
      }
      return fresh;
    }

    @SuppressWarnings("unchecked")
    <T> T get(GenericRecord record, String field) {
      return (T) record.get(field);
    }

    static <T> void last(List<T> list, T value, int most) {
      list.add(value);
      if (list.size() > most) {
        list.remove(0);
      }
    }
  }

  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put("application.id", System.getenv("GROUP"));
    settings.put("bootstrap.servers", System.getenv("BOOTSTRAP"));
    settings.put("state.dir", System.getenv("STATE_DIR"));
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("auto.offset.reset", "earliest");
    settings.put("num.stream.threads", "1");
    settings.put("commit.interval.ms",
        System.getenv().getOrDefault("COMMIT_INTERVAL_MS", "100"));
    settings.put("statestore.cache.max.bytes", System.getenv().getOrDefault("CACHE_BYTES", "0"));
    settings.put("producer.compression.type", "lz4");

    Topology topology = new Topology();
    topology.addSource("events", new StringDeserializer(), new ByteArrayDeserializer(),
        PREFIX + "orders", PREFIX + "carts", PREFIX + "searches");
    topology.addProcessor("decide", Customers::new, "events");
    for (String store : List.of("customers", "timers")) {
      topology.addStateStore(
          Stores.keyValueStoreBuilder(
                  Stores.persistentKeyValueStore(store), Serdes.String(), Serdes.ByteArray())
              .withLoggingEnabled(Map.of()),
          "decide");
    }
    topology.addSink("commands", PREFIX + "send-commands",
        new StringSerializer(), new ByteArraySerializer(), "decide");
    topology.addSink("decisions", PREFIX + "flow-decisions",
        new StringSerializer(), new ByteArraySerializer(), "decide");

    KafkaStreams streams = new KafkaStreams(topology, settings);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
    streams.start();
  }
}
