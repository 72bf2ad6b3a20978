package io.modelassay.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damages the bytes of a file: anywhere, or the JSON in it so that it stays JSON. */
final class Mutation {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int LENGTH_BYTES = 8;

    /** What configs of the wild hold where something else is meant. */
    private static final List<String> ODD = List.of(
            "null",
            "true",
            "-1",
            "0",
            "1",
            "3",
            "-9223372036854775808",
            "9223372036854775807",
            "2147483648",
            "1e308",
            "0.5",
            "1e999",
            "\"\"",
            "\"auto\"",
            "\"a.*(b+)+$\"",
            "\"\\ud800\"",
            "\"../x\"",
            "[]",
            "{}",
            "[null]",
            "[[1]]",
            "{\"\": 0}",
            "[0, 0]",
            "\"re:(\"");

    private final Random random;

    Mutation(Random random) {
        this.random = random;
    }

    /** A damaged copy of {@code bytes}, which {@code name} says the format of. */
    byte[] of(String name, byte[] bytes) {
        boolean document = name.endsWith(".json");
        boolean header = name.endsWith(".safetensors");
        if ((document || header) && random.nextInt(3) > 0) {
            return header ? header(bytes) : json(bytes);
        }
        return raw(bytes, header ? (int) Math.min(bytes.length, LENGTH_BYTES + length(bytes)) : bytes.length);
    }

    /** Half of the changes lie among the first {@code dense} bytes. */
    private byte[] raw(byte[] bytes, int dense) {
        int at = random.nextInt(Math.max(1, random.nextBoolean() ? dense : bytes.length));
        byte[] noise = new byte[1 + random.nextInt(8)];
        random.nextBytes(noise);
        return switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(bytes, at);
            case 1 -> joined(Arrays.copyOf(bytes, at), noise, Arrays.copyOfRange(bytes, at, bytes.length));
            case 2 ->
                joined(
                        Arrays.copyOf(bytes, at),
                        Arrays.copyOfRange(bytes, Math.min(bytes.length, at + noise.length), bytes.length));
            default -> {
                byte[] changed = bytes.clone();
                System.arraycopy(noise, 0, changed, at, Math.min(noise.length, changed.length - at));
                yield changed;
            }
        };
    }

    private byte[] header(byte[] bytes) {
        int end = LENGTH_BYTES + (int) length(bytes);
        byte[] changed = json(Arrays.copyOfRange(bytes, LENGTH_BYTES, end));
        byte[] length = ByteBuffer.allocate(LENGTH_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, changed.length)
                .array();
        return joined(length, changed, Arrays.copyOfRange(bytes, end, bytes.length));
    }

    private static long length(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    }

    /** One or two values replaced, removed or put under another key. */
    private byte[] json(byte[] bytes) {
        try {
            JsonNode root = MAPPER.readTree(new String(bytes, StandardCharsets.UTF_8));
            for (int i = random.nextInt(2); i >= 0; i--) {
                change(root);
            }
            return MAPPER.writeValueAsBytes(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void change(JsonNode root) throws JsonProcessingException {
        List<JsonNode> parents = new ArrayList<>();
        JsonNode place = root;
        // By depth, since a vocabulary has more values than all the rest.
        while (place.isContainerNode() && !place.isEmpty()) {
            parents.add(place);
            List<JsonNode> children = new ArrayList<>();
            place.forEach(children::add);
            place = children.get(random.nextInt(children.size()));
        }
        if (parents.isEmpty()) {
            return;
        }
        JsonNode parent = parents.get(random.nextInt(parents.size()));
        JsonNode odd = odd();
        if (parent instanceof ArrayNode array) {
            int index = random.nextInt(array.size());
            switch (random.nextInt(3)) {
                case 0 -> array.remove(index);
                case 1 -> array.add(odd);
                default -> array.set(index, odd);
            }
        } else if (parent instanceof ObjectNode object) {
            List<String> keys = new ArrayList<>();
            object.fieldNames().forEachRemaining(keys::add);
            String key = keys.get(random.nextInt(keys.size()));
            switch (random.nextInt(5)) {
                case 0 -> object.remove(key);
                case 1 -> object.set(key, object.get(keys.get(random.nextInt(keys.size()))));
                default -> object.set(key, odd);
            }
        }
    }

    private JsonNode odd() {
        String text = ODD.get(random.nextInt(ODD.size()));
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(text, e);
        }
    }

    private static byte[] joined(byte[]... parts) {
        ByteBuffer all = ByteBuffer.allocate(
                Arrays.stream(parts).mapToInt(part -> part.length).sum());
        Arrays.stream(parts).forEach(all::put);
        return all.array();
    }
}
