package io.modelassay.architecture;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * One MLP of a language model that computes {@code down(act(gate(x)) * up(x))}, known by the names of its modules. Those of
 * vision and audio towers and of experts are none.
 *
 * @param name the module, such as {@code model.layers.0.mlp}
 * @param fused whether gate and up are one module, {@code gate_up_proj}, gate first
 */
@API(status = API.Status.INTERNAL)
public record GatedMlp(String name, boolean fused) {
    private static final Pattern PART = Pattern.compile("(.+)\\.(gate_proj|up_proj|down_proj|gate_up_proj)\\..+");
    private static final Pattern OTHER_TOWER = Pattern.compile("(^|\\.)(visual|vision|image|audio)\\w*\\.");
    private static final Pattern EXPERTS = Pattern.compile("\\.(experts|shared_experts?|block_sparse_moe)\\b");
    private static final Set<String> SEPARATE = Set.of("gate_proj", "up_proj", "down_proj");
    private static final Set<String> FUSED = Set.of("gate_up_proj", "down_proj");

    /** The module of the gate. */
    public String gate() {
        return name + (fused ? ".gate_up_proj" : ".gate_proj");
    }

    /** The module that the gate multiplies. */
    public String up() {
        return name + (fused ? ".gate_up_proj" : ".up_proj");
    }

    /** The module that takes the product. */
    public String down() {
        return name + ".down_proj";
    }

    /** The MLPs that tensors of these names make, in the order of the layers. */
    public static List<GatedMlp> of(Collection<String> tensors) {
        Map<String, Set<String>> parts =
                new TreeMap<>(Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder()));
        for (String tensor : tensors) {
            Matcher matcher = PART.matcher(tensor);
            if (matcher.matches()
                    && !OTHER_TOWER.matcher(tensor).find()
                    && !EXPERTS.matcher(tensor).find()) {
                parts.computeIfAbsent(matcher.group(1), name -> new TreeSet<>()).add(matcher.group(2));
            }
        }
        List<GatedMlp> mlps = new ArrayList<>();
        parts.forEach((name, found) -> {
            if (found.equals(SEPARATE) || found.equals(FUSED)) {
                mlps.add(new GatedMlp(name, found.equals(FUSED)));
            }
        });
        return mlps;
    }

    /** Whether the checkpoint has experts, by its tensors or its config. */
    public static boolean hasExperts(Checkpoint checkpoint) {
        ModelConfig config = checkpoint.config().languageModel();
        return checkpoint.tensors().keySet().stream()
                        .anyMatch(name -> EXPERTS.matcher(name).find())
                || config.has("num_experts")
                || config.has("num_local_experts")
                || config.has("n_routed_experts");
    }
}
