package io.modelassay.checkpoint;

import java.util.ArrayList;
import java.util.List;

/**
 * What a pickle can make besides strings, numbers, booleans and tensors. Containers compare by identity and are never
 * walked to the end of their nesting: they may hold themselves.
 */
final class PickleData {

    /** A value of which only the kind matters. */
    record Opaque(String what) {}

    static final Opaque NONE = new Opaque("None");
    static final Opaque LONG_TEXT = new Opaque("a long string");
    static final Opaque BYTES = new Opaque("bytes");
    static final Opaque SET = new Opaque("a set");
    static final Opaque OBJECT = new Opaque("a value of another type");

    /** A list; items are added after it may have been put elsewhere. */
    static final class Items {
        final List<Object> values = new ArrayList<>(0);
    }

    /** A tuple, or a {@code torch.Size}. */
    static final class Tuple {
        final List<Object> values;

        Tuple(List<Object> values) {
            this.values = values;
        }

        int size() {
            return values.size();
        }

        Object get(int index) {
            return values.get(index);
        }
    }

    /** A dict, an {@code OrderedDict} or a {@code Counter}: keys and values in turn, as written, duplicates included. */
    static final class Dict {
        final List<Object> keysAndValues = new ArrayList<>(0);

        void put(Object key, Object value) {
            keysAndValues.add(key);
            keysAndValues.add(value);
        }
    }

    private PickleData() {}

    /** The kind of a value, for a message. */
    static String kind(Object value) {
        if (value instanceof Opaque opaque) {
            return opaque.what();
        } else if (value instanceof Items) {
            return "a list";
        } else if (value instanceof Tuple) {
            return "a tuple";
        } else if (value instanceof Dict) {
            return "a dict";
        } else if (value instanceof String) {
            return "a string";
        } else if (value instanceof Boolean) {
            return "a boolean";
        } else if (value instanceof Number) {
            return "a number";
        } else if (value instanceof TorchTensor || value instanceof TorchTensor.Unsupported) {
            return "a tensor";
        } else if (value instanceof TorchStorage) {
            return "a storage";
        } else if (value instanceof PickleGlobal global) {
            return global.name();
        }
        return "a value";
    }
}
