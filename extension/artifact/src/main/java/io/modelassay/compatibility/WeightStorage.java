package io.modelassay.compatibility;

import io.modelassay.quantization.PackedWeight;

/**
 * What a weight's stored form asks of the ranks that share it.
 *
 * @param kind the family of rules
 * @param bits bits of a code
 * @param group input channels that share a scale, 0 where no such limit holds
 * @param blockRows output channels of a block with one scale, 0 where there are none
 */
record WeightStorage(Kind kind, int bits, long group, long blockRows) {
    static final WeightStorage PLAIN = new WeightStorage(Kind.PLAIN, 16, 0, 0);

    enum Kind {
        /** No limit but whole channels. */
        PLAIN,
        /** Words of 32 bits along the input channels, words of zero points along the output channels. */
        GPTQ,
        /** Words along the output channels. */
        AWQ,
        /** compressed-tensors' packed integers: words along the input channels. */
        PACKED,
        /** Blocks of FP8 with one scale each. */
        BLOCK,
        /** Loaded with a state that not every version divides. */
        BITSANDBYTES
    }

    static WeightStorage of(PackedWeight weight) {
        int bits = weight.format().bits();
        long columns = weight.shape().dimension(weight.shape().rank() - 1);
        long stored = weight.format().groupSize();
        long group = stored <= 0 || stored >= columns ? 0 : stored;
        return switch (weight.format().scheme()) {
            case "gptq" -> new WeightStorage(Kind.GPTQ, bits, group, 0);
            case "awq" -> new WeightStorage(Kind.AWQ, bits, group, 0);
            case "bitsandbytes" -> new WeightStorage(Kind.BITSANDBYTES, bits, 0, 0);
            // vLLM has no rule of its own for groups that run over the flattened weight.
            case "hqq" -> new WeightStorage(Kind.PLAIN, bits, 0, 0);
            default -> other(weight, bits, group);
        };
    }

    private static WeightStorage other(PackedWeight weight, int bits, long group) {
        long rows = weight.codec().options().getOrDefault("rows", 0L);
        if (rows > 1 && group > 0) {
            return new WeightStorage(Kind.BLOCK, bits, group, rows);
        }
        return weight.format().variant().equals("pack-quantized")
                ? new WeightStorage(Kind.PACKED, bits, group, 0)
                : new WeightStorage(Kind.PLAIN, bits, group, 0);
    }

    /** Codes that must stay together: as many as fill whole words. */
    long packed() {
        return bits == 3 ? 32 : 32 / bits;
    }
}
