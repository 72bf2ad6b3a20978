package io.modelassay.quantization;

import java.util.Locale;
import org.apiguardian.api.API;

/**
 * How a quantized weight is stored.
 *
 * @param scheme the family by transformers' {@code quant_method}, such as {@code gptq}, {@code awq}, {@code bitsandbytes},
 *     {@code fp8} or {@code compressed-tensors}
 * @param variant the layout within the family, such as {@code gptq_v2}, {@code gemm}, {@code nf4} or {@code pack-quantized}
 * @param bits bits of one code
 * @param groupSize consecutive values that share a scale; -1 for a whole row, 0 for the whole tensor
 * @param symmetric whether no zero point is stored, or a constant one
 */
@API(status = API.Status.EXPERIMENTAL)
public record StorageFormat(String scheme, String variant, int bits, long groupSize, boolean symmetric) {
    /** For people: {@code awq gemm 4-bit g128 asym}. */
    public String label() {
        String group = groupSize > 0 ? " g" + groupSize : groupSize < 0 ? " per-channel" : " per-tensor";
        String layout = variant.equals(scheme) ? scheme : scheme + " " + variant;
        return String.format(Locale.ROOT, "%s %d-bit%s%s", layout, bits, group, symmetric ? " sym" : " asym");
    }

    @Override
    public String toString() {
        return label();
    }
}
