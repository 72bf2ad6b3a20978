package io.modelassay.matrix;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * How every cell of a matrix runs.
 *
 * @param memoryBytes most memory that a cell's processes may have together, mapped files not counted
 * @param timeout most time that a cell may take
 * @param heapBytes Java heap of a cell's JVM
 * @param jvmArguments further arguments of its JVM
 * @param configuration JUnit configuration parameters
 * @param offline whether no repository is asked
 */
@API(status = API.Status.EXPERIMENTAL)
public record CellSettings(
        long memoryBytes,
        Duration timeout,
        long heapBytes,
        List<String> jvmArguments,
        Map<String, String> configuration,
        boolean offline) {
    /** 4 GiB, 10 minutes, a heap of 512 MiB. */
    public static final CellSettings DEFAULT =
            new CellSettings(4L << 30, Duration.ofMinutes(10), 512L << 20, List.of(), Map.of(), false);

    private static final Pattern BYTES = Pattern.compile("([1-9][0-9]{0,9})([kmgt]?)", Pattern.CASE_INSENSITIVE);
    private static final Pattern TIME = Pattern.compile("([1-9][0-9]{0,6})([smh])");

    /** Copies what it is given. */
    public CellSettings {
        jvmArguments = List.copyOf(jvmArguments);
        configuration = Collections.unmodifiableMap(new TreeMap<>(configuration));
        if (heapBytes > memoryBytes) {
            throw new MatrixException(
                    MatrixProblem.INVALID_LIMIT,
                    "A heap of " + heapBytes + " bytes is more than the cell's memory of " + memoryBytes + " bytes",
                    "more memory than heap: native tensors lie outside the heap");
        }
    }

    /** Bytes of a text such as {@code 512m} or {@code 4g}, in powers of 1024. */
    public static long bytes(String text) {
        Matcher matcher = BYTES.matcher(text);
        if (!matcher.matches()) {
            throw new MatrixException(
                    MatrixProblem.INVALID_LIMIT, "\"" + text + "\" is no amount of memory", "512m or 4g");
        }
        int power = matcher.group(2).isEmpty()
                ? 0
                : 1 + "kmgt".indexOf(Character.toLowerCase(matcher.group(2).charAt(0)));
        return Long.parseLong(matcher.group(1)) << (10 * power);
    }

    /** Time of a text such as {@code 90s}, {@code 10m} or {@code 1h}. */
    public static Duration time(String text) {
        Matcher matcher = TIME.matcher(text);
        if (!matcher.matches()) {
            throw new MatrixException(MatrixProblem.INVALID_LIMIT, "\"" + text + "\" is no time", "90s, 10m or 1h");
        }
        long count = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            default -> Duration.ofHours(count);
        };
    }
}
