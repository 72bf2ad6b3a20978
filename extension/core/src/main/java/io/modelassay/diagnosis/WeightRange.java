package io.modelassay.diagnosis;

import io.modelassay.failure.InvalidRequestException;
import java.util.BitSet;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * Magnitudes of a linear module's weight, {@code [rows, columns]}.
 *
 * @param module the module
 * @param rows output channels
 * @param columns input channels
 * @param largest largest finite magnitude
 * @param overflows finite values that are infinite in float16
 * @param underflows values that are 0 in float16 alone
 * @param zeroColumns input channels whose weights are all 0
 * @param groups figures by group size
 */
@API(status = API.Status.EXPERIMENTAL)
public record WeightRange(
        String module,
        int rows,
        int columns,
        double largest,
        long overflows,
        long underflows,
        BitSet zeroColumns,
        Map<Integer, Groups> groups) {

    /**
     * Groups of one size.
     *
     * @param count how many
     * @param zero all zero
     * @param lost all zero in float16 alone
     * @param vanishingScales by bits: groups that are not zero and whose symmetric scale {@code 2 absmax / (2^bits - 1)} is
     *     0 in float16
     */
    public record Groups(long count, long zero, long lost, Map<Integer, Long> vanishingScales) {}

    /** Figures of {@code size}. */
    public Groups groups(int size) {
        Groups found = groups.get(size);
        if (found == null) {
            throw new InvalidRequestException(
                    "Groups of " + size + " have not been measured",
                    "one of " + groups.keySet().stream().sorted().toList());
        }
        return found;
    }
}
