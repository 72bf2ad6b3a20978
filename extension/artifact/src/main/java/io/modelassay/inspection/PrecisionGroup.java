package io.modelassay.inspection;

import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * Modules that differ in their layer's number only and are stored in the same form.
 *
 * @param modules name of the modules with {@code *} for each number, such as {@code model.layers.*.mlp.down_proj}
 * @param dtypes types of their tensors, such as {@code [BF16]}, or {@code [F16, I32]} for packed integers with scales
 * @param format the quantization that their weights are stored in, such as {@code gptq 4-bit g128 sym}; empty for none
 * @param count number of modules
 * @param layers the first number of each, as ranges such as {@code 0-3, 7}; empty for modules without a number
 * @param bytes size of their tensors together
 */
@API(status = API.Status.EXPERIMENTAL)
public record PrecisionGroup(String modules, List<String> dtypes, String format, int count, String layers, long bytes) {
    private static final Pattern NUMBER = Pattern.compile("(?<=\\.|^)[0-9]+(?=\\.|$)");

    private record Key(String modules, List<String> dtypes, String format) implements Comparable<Key> {
        private static final Comparator<Key> ORDER = Comparator.comparing(Key::modules)
                .thenComparing(key -> String.join(",", key.dtypes))
                .thenComparing(Key::format);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    /** The groups of {@code tensors}, sorted by name. */
    static List<PrecisionGroup> of(Collection<TensorInfo> tensors, StoredQuantization quantization) {
        Map<String, String> formats = new HashMap<>();
        quantization
                .weights()
                .values()
                .forEach(weight -> formats.put(weight.module(), weight.format().label()));
        Map<String, List<TensorInfo>> modules = new LinkedHashMap<>();
        tensors.forEach(tensor -> modules.computeIfAbsent(module(tensor.name()), name -> new ArrayList<>())
                .add(tensor));
        Map<Key, List<String>> groups = new TreeMap<>();
        modules.forEach((module, own) -> {
            List<String> dtypes = own.stream()
                    .map(TensorInfo::type)
                    .map(TensorType::label)
                    .distinct()
                    .sorted()
                    .toList();
            groups.computeIfAbsent(
                            new Key(pattern(module), dtypes, formats.getOrDefault(module, "")),
                            key -> new ArrayList<>())
                    .add(module);
        });
        List<PrecisionGroup> result = new ArrayList<>();
        groups.forEach((key, names) -> result.add(new PrecisionGroup(
                key.modules,
                key.dtypes,
                key.format,
                names.size(),
                ranges(names),
                names.stream()
                        .flatMap(name -> modules.getOrDefault(name, List.of()).stream())
                        .mapToLong(TensorInfo::byteLength)
                        .sum())));
        return List.copyOf(result);
    }

    /** {@code name} with {@code *} for each number. */
    static String pattern(String name) {
        return NUMBER.matcher(name).replaceAll("*");
    }

    /** The module that owns a tensor; what bitsandbytes stores beside a weight counts as that weight's. */
    private static String module(String tensor) {
        int weight = tensor.indexOf(".weight.");
        int end = weight >= 0 ? weight : tensor.lastIndexOf('.');
        return end < 0 ? tensor : tensor.substring(0, end);
    }

    /** The first number of each name, as ranges; empty for names without one. */
    static String ranges(Collection<String> modules) {
        TreeSet<Long> numbers = new TreeSet<>();
        for (String module : modules) {
            Matcher number = NUMBER.matcher(module);
            if (number.find() && number.group().length() < 10) {
                numbers.add(Long.valueOf(number.group()));
            }
        }
        List<String> ranges = new ArrayList<>();
        Long first = null;
        for (Long number : numbers) {
            if (first == null) {
                first = number;
            }
            if (!numbers.contains(number + 1)) {
                ranges.add(first.equals(number) ? first.toString() : first + "-" + number);
                first = null;
            }
        }
        return String.join(", ", ranges);
    }
}
