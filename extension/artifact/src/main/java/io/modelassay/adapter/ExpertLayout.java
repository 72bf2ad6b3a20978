package io.modelassay.adapter;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/** How a version of transformers holds the experts of a mixture that a checkpoint stores one by one. */
@API(status = API.Status.INTERNAL)
public enum ExpertLayout {
    /** As they are stored; transformers 4 does so. */
    AS_STORED,
    /** All experts of a layer in one parameter; transformers 5 does so for the model types of {@code stacked-experts.json}. */
    STACKED;

    private static final Pattern EXPERT = Pattern.compile("(.*\\.experts)\\.(\\d{1,6})\\.(\\w+)\\.weight");
    private static final List<String> GATES = List.of("gate_proj", "w1", "fc1");
    private static final List<String> UPS = List.of("up_proj", "w3", "fc3");
    private static final List<String> DOWNS = List.of("down_proj", "w2", "fc2");

    /** What transformers 5 does, by model type, and whose stacks have their inputs before their outputs. */
    private static final ModelConfig TYPES = read();

    private static ModelConfig read() {
        String name = "stacked-experts.json";
        try (InputStream in = Objects.requireNonNull(ExpertLayout.class.getResourceAsStream(name), name)) {
            return ModelConfig.parse(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The layout under a major version of transformers. */
    public static ExpertLayout ofTransformers(int major) {
        return major >= 5 ? STACKED : AS_STORED;
    }

    /** Whether stacks of the model type are {@code [experts, in, out]} and say so, as PEFT asks them. */
    boolean saysTransposed(BaseModules base) {
        return this == STACKED
                && base.modelType()
                        .filter(TYPES.strings("transposed")::contains)
                        .isPresent();
    }

    /** Whether the base's model type has its experts stacked. */
    public boolean stacks(BaseModules base) {
        return this == STACKED
                && base.modelType()
                        .flatMap(TYPES.object("stacked")::optionalObject)
                        .isPresent();
    }

    /** The two matrices of an expert that PEFT, converting adapters to stacks, asks for together; empty for other types. */
    public List<String> fused(BaseModules base) {
        return base.modelType()
                .filter(type -> this == STACKED && TYPES.object("fused").has(type))
                .map(TYPES.object("fused")::strings)
                .orElse(List.of());
    }

    /** {@code base} with its experts in this layout. */
    BaseModules of(BaseModules base) {
        Optional<ModelConfig> type =
                this == STACKED ? base.modelType().flatMap(TYPES.object("stacked")::optionalObject) : Optional.empty();
        return type.map(found -> stacked(base, found)).orElse(base);
    }

    private static BaseModules stacked(BaseModules base, ModelConfig type) {
        Map<String, Map<String, Map<Integer, Shape>>> blocks = new TreeMap<>();
        base.parameters().forEach((name, shape) -> {
            Matcher expert = EXPERT.matcher(name);
            if (shape.rank() == 2 && expert.matches()) {
                blocks.computeIfAbsent(expert.group(1), block -> new TreeMap<>())
                        .computeIfAbsent(part(expert.group(3)), part -> new TreeMap<>())
                        .put(Integer.valueOf(expert.group(2)), shape);
            }
        });
        UnaryOperator<String> names = renames(type);
        Map<String, Shape> stacks = new LinkedHashMap<>();
        blocks.forEach((block, parts) -> stack(names.apply(block), parts, stacks));
        return base.renamed(name -> EXPERT.matcher(name).matches() ? "" : names.apply(name))
                .with(stacks, BaseModule.Kind.OTHER);
    }

    private static UnaryOperator<String> renames(ModelConfig type) {
        Map<String, String> renames = new LinkedHashMap<>();
        type.keysInFileOrder().forEach(from -> renames.put(from, type.string(from)));
        return name -> {
            String renamed = name;
            for (Map.Entry<String, String> rename : renames.entrySet()) {
                renamed = renamed.replace(rename.getKey(), rename.getValue());
            }
            return renamed;
        };
    }

    /** What a matrix of one expert becomes a part of. */
    private static String part(String name) {
        return GATES.contains(name) ? "gate" : UPS.contains(name) ? "up" : DOWNS.contains(name) ? "down" : name;
    }

    /** Gates stand above the matrices beside them; a mixture without gates has these alone. */
    private static void stack(String block, Map<String, Map<Integer, Shape>> parts, Map<String, Shape> stacks) {
        boolean gated = parts.containsKey("gate");
        Optional.ofNullable(parts.get("up")).ifPresent(up -> {
            Shape one = up.values().iterator().next();
            stacks.put(
                    block + (gated ? ".gate_up_proj" : ".up_proj"),
                    Shape.of(up.size(), one.dimension(0) * (gated ? 2 : 1), one.dimension(1)));
        });
        Optional.ofNullable(parts.get("down")).ifPresent(down -> {
            Shape one = down.values().iterator().next();
            stacks.put(block + ".down_proj", Shape.of(down.size(), one.dimension(0), one.dimension(1)));
        });
    }
}
