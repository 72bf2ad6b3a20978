package io.modelassay.quantization;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What HQQ stores of a module beside its codes, each figure as a tensor: numbers as int32 scalars, yes and no as a byte,
 * strings as their characters. HQQ's own reader evaluates those strings as Python; here they are looked up in a fixed table,
 * and anything else is refused.
 *
 * @param packing how codes lie in words
 * @param bits bits of a code
 * @param axis 1 where groups are rows of the matrix of codes, 0 where they are columns
 * @param group values in a group; nothing where it is not told
 * @param shape shape of the weight
 * @param type the type that HQQ computes in
 */
record HqqMeta(Packing packing, int bits, int axis, OptionalLong group, Shape shape, TensorType type) {
    private static final int MOST_CHARACTERS = 64;
    private static final Set<TensorType> INTEGERS =
            Set.of(TensorType.I32, TensorType.I64, TensorType.U8, TensorType.BOOL);

    /** Ways of {@code hqq.core.bitpack.BitPack}: planes of rows laid over each other, the first in the highest bits. */
    enum Packing {
        P8("8bit_u8", 8, 1, TensorType.U8),
        P4("4bit_u8", 4, 2, TensorType.U8),
        P3("3bit_32", 3, 10, TensorType.I32),
        P2("2bit_u8", 2, 4, TensorType.U8),
        P1("1bit_u8", 1, 8, TensorType.U8);

        private static final Map<String, Packing> NAMED =
                Map.of(P8.name, P8, P4.name, P4, P3.name, P3, P2.name, P2, P1.name, P1);

        final String name;
        /** Bits of the field of one code, which may have fewer. */
        final int field;

        final int planes;
        final TensorType word;

        Packing(String name, int field, int planes, TensorType word) {
            this.name = name;
            this.field = field;
            this.planes = planes;
            this.word = word;
        }

        /** Rows of words that a matrix of {@code rows} rows takes. */
        long wordRows(long rows) {
            return (rows + planes - 1) / planes;
        }
    }

    /** The figures of a module; nothing where one is missing or not known, which is told. */
    static Optional<HqqMeta> read(ModuleTensors module, SchemeReading reading) {
        Optional<String> packing = text(module, "packing", reading);
        Optional<Packing> known = packing.flatMap(
                name -> known(module, "packing", name, Optional.ofNullable(Packing.NAMED.get(name)), reading));
        Optional<String> typeName = text(module, "compute_dtype", reading);
        Optional<TensorType> type =
                typeName.flatMap(name -> known(module, "compute_dtype", name, dtype(name), reading));
        if (module.has("unpack_view_dtype")) {
            Optional<String> view = text(module, "unpack_view_dtype", reading);
            Optional<String> expected = known.map(way -> way.word == TensorType.I32 ? "torch.int32" : "torch.uint8");
            if (view.isEmpty()
                    || (expected.isPresent()
                            && known(
                                            module,
                                            "unpack_view_dtype",
                                            view.get(),
                                            view.filter(expected.get()::equals),
                                            reading)
                                    .isEmpty())) {
                return Optional.empty();
            }
        }
        OptionalLong bits = number(module, "nbits", 1, 8, reading);
        OptionalLong axis = number(module, "axis", 0, 1, reading);
        OptionalLong group = module.has("group_size")
                ? number(module, "group_size", 1, Integer.MAX_VALUE, reading)
                : OptionalLong.empty();
        Optional<Shape> shape = shape(module, reading);
        boolean plain = isOff(module, "quant_scale", reading);
        plain &= isOff(module, "quant_zero", reading);
        if (known.isEmpty() || type.isEmpty() || bits.isEmpty() || axis.isEmpty() || shape.isEmpty() || !plain) {
            return Optional.empty();
        }
        return Optional.of(new HqqMeta(
                known.get(), (int) bits.getAsLong(), (int) axis.getAsLong(), group, shape.get(), type.get()));
    }

    private static Optional<TensorType> dtype(String name) {
        return name.startsWith("torch.") ? FloatTypes.named(name) : Optional.empty();
    }

    private static <T> Optional<T> known(
            ModuleTensors module, String part, String stored, Optional<T> value, SchemeReading reading) {
        if (value.isEmpty()) {
            refuse(module, part, SchemeReading.quote(stored), reading);
        }
        return value;
    }

    private static void refuse(ModuleTensors module, String part, String stored, SchemeReading reading) {
        reading.error(
                "unsupported-hqq-meta",
                module.name(part),
                "The stored " + part + " is " + stored + ", which is none that is known; it was not evaluated, as HQQ's"
                        + " own reader would do",
                "do not load this file with hqq before you know where it comes from; quantize the model again");
    }

    private static Optional<String> text(ModuleTensors module, String part, SchemeReading reading) {
        Optional<TensorInfo> stored = reading.require(module, part, Set.of(TensorType.U8));
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        ByteBuffer bytes = reading.bytes(stored.get(), MOST_CHARACTERS * 2);
        byte[] characters = new byte[bytes.remaining()];
        bytes.get(characters);
        return Optional.of(new String(characters, StandardCharsets.ISO_8859_1));
    }

    private static OptionalLong number(
            ModuleTensors module, String part, long least, long most, SchemeReading reading) {
        Optional<TensorInfo> stored = reading.require(module, part, INTEGERS);
        if (stored.isEmpty()) {
            return OptionalLong.empty();
        }
        if (stored.get().shape().elementCount() != 1) {
            refuse(module, part, "a tensor of shape " + stored.get().shape(), reading);
            return OptionalLong.empty();
        }
        long value = integer(stored.get(), reading.bytes(stored.get(), 8), 0);
        if (value < least || value > most) {
            refuse(module, part, Long.toString(value), reading);
            return OptionalLong.empty();
        }
        return OptionalLong.of(value);
    }

    private static long integer(TensorInfo stored, ByteBuffer bytes, int index) {
        return switch (stored.type()) {
            case I64 -> bytes.getLong(8 * index);
            case I32 -> bytes.getInt(4 * index);
            default -> bytes.get(index) & 0xFF;
        };
    }

    private static Optional<Shape> shape(ModuleTensors module, SchemeReading reading) {
        Optional<TensorInfo> stored = reading.require(module, "shape", Set.of(TensorType.I64, TensorType.I32));
        if (stored.isEmpty() || !reading.hasShape(stored.get(), Shape.of(2))) {
            return Optional.empty();
        }
        ByteBuffer bytes = reading.bytes(stored.get(), 16);
        long rows = integer(stored.get(), bytes, 0);
        long columns = integer(stored.get(), bytes, 1);
        if (rows < 1 || columns < 1 || rows > Integer.MAX_VALUE || columns > Integer.MAX_VALUE) {
            refuse(module, "shape", "[" + rows + ", " + columns + "]", reading);
            return Optional.empty();
        }
        return Optional.of(Shape.of(rows, columns));
    }

    /** Scales and zeros that are quantized themselves are not read. */
    private static boolean isOff(ModuleTensors module, String part, SchemeReading reading) {
        if (!module.has(part)) {
            return true;
        }
        OptionalLong on = number(module, part, 0, 1, reading);
        if (on.orElse(0) == 1) {
            reading.error(
                    "unsupported-hqq-meta",
                    module.name(part),
                    "The module's scales or zeros are quantized themselves, which is not read",
                    "quantize again without quant_scale and quant_zero; HQQ has dropped them as well");
        }
        return on.orElse(1) == 0;
    }
}
