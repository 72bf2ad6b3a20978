package io.modelassay.quantization;

import java.util.List;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * The bits and groups that a method can have, and those that it has where nothing else is asked for.
 *
 * @param bits bits of a code, ascending
 * @param usualBits the bits where none are asked for
 * @param extent what shares a scale
 * @param usualSize the group or block size where none is asked for; {@link Quantization#PER_CHANNEL} for one group
 * @param symmetric whether codes are centred on zero where nothing is asked for
 * @param choosesZero whether a zero point can be asked for, or codes centred on zero
 * @param doubles whether scales can be quantized in turn
 */
@API(status = API.Status.EXPERIMENTAL)
public record GridChoices(
        List<Integer> bits,
        int usualBits,
        Extent extent,
        int usualSize,
        boolean symmetric,
        boolean choosesZero,
        boolean doubles) {
    private static final int SMALLEST_BLOCK = 32;
    private static final int LARGEST_BLOCK = 4096;

    /** What shares a scale. */
    @API(status = API.Status.EXPERIMENTAL)
    public enum Extent {
        /** Neighbouring input channels of one output channel, any number of them, or all. */
        GROUPS,
        /** Consecutive values, whatever row they are in. */
        BLOCKS,
        /** One output channel. */
        ROWS,
        /** A tensor, a channel or a block: a {@link Granularity} is to be chosen. */
        GRANULARITY
    }

    /** Copies the bits. */
    public GridChoices {
        bits = List.copyOf(bits);
    }

    /** Integers of 2, 3, 4 or 8 bits, 4 unless others are asked for, in groups of input channels. */
    public static GridChoices groupsOf(int size) {
        return new GridChoices(List.of(2, 3, 4, 8), 4, Extent.GROUPS, size, true, true, false);
    }

    /** 4 bits in blocks of consecutive values, whose scales may be quantized in turn. */
    public static GridChoices blocksOf(int size) {
        return new GridChoices(List.of(4), 4, Extent.BLOCKS, size, true, false, true);
    }

    /** 8 bits with scales of that extent. */
    public static GridChoices eightBits(Extent extent) {
        return new GridChoices(List.of(8), 8, extent, Quantization.PER_CHANNEL, true, false, false);
    }

    /** The same with a zero point in each group unless codes centred on zero are asked for. */
    public GridChoices shifted() {
        return new GridChoices(bits, usualBits, extent, usualSize, false, choosesZero, doubles);
    }

    /** The same without a choice between a zero point and codes centred on zero. */
    public GridChoices withoutChoiceOfZero() {
        return new GridChoices(bits, usualBits, extent, usualSize, symmetric, false, doubles);
    }

    /** The same with other bits. */
    public GridChoices bits(int usual, List<Integer> all) {
        return new GridChoices(all, usual, extent, usualSize, symmetric, choosesZero, doubles);
    }

    /** For people, such as {@code 2, 3, 4 or 8}. */
    String bitsInWords() {
        String all = bits.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return all.replaceFirst(", (\\d+)$", " or $1");
    }

    Grid usual() {
        Granularity granularity = extent == Extent.BLOCKS ? Granularity.BLOCK : Granularity.CHANNEL;
        return new Grid(usualBits, usualSize, symmetric, false, granularity);
    }

    /** @throws IllegalArgumentException for bits or groups that the method does not have */
    Grid grid(QuantizationMethod method, int wantedBits, int size, boolean centred) {
        if (!bits.contains(wantedBits)) {
            throw new IllegalArgumentException(method.title() + " has " + bitsInWords() + " bits, not " + wantedBits);
        }
        requireSize(method, size);
        Grid usual = usual();
        return new Grid(wantedBits, size, centred, usual.doubleQuantization(), usual.granularity());
    }

    void requireSize(QuantizationMethod method, int size) {
        boolean whole = size == Quantization.PER_CHANNEL;
        switch (extent) {
            case GROUPS -> {
                if (!whole && size < 1) {
                    throw new IllegalArgumentException(
                            "Group size is a positive number, or -1 for one group, not " + size);
                }
            }
            case BLOCKS -> {
                if (size < SMALLEST_BLOCK || size > LARGEST_BLOCK || Integer.bitCount(size) != 1) {
                    throw new IllegalArgumentException("Block size is a power of two from " + SMALLEST_BLOCK + " to "
                            + LARGEST_BLOCK + ", not " + size);
                }
            }
            case ROWS, GRANULARITY -> {
                if (!whole) {
                    throw new IllegalArgumentException(method.title() + " has no groups of " + size);
                }
            }
        }
    }
}
