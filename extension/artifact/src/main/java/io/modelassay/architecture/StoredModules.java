package io.modelassay.architecture;

import io.modelassay.architecture.Parameter.Kind;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * The modules of a checkpoint whose architecture is not known, told from names, shapes and config. It serves what looks at one
 * weight at a time, such as rounding. It says nothing of what is missing, and it has no forward pass.
 *
 * <p>A matrix under {@code NAME.weight} is a linear module, except: tables that rows are looked up in, routers of experts, and
 * heads. A head is a linear module outside of the component that holds the layers. Tools leave heads in full precision.
 */
@API(status = API.Status.INTERNAL)
public final class StoredModules {
    /** Model types whose projections are stored as {@code [in, out]}. */
    private static final Set<String> TRANSPOSED =
            Set.of("gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp", "ctrl");

    /** Modules that transformers leaves in full precision, since they overflow or need all digits, by model type. */
    private static final Map<String, List<String>> SENSITIVE = Map.of(
            "t5", List.of("wo"),
            "mt5", List.of("wo"),
            "umt5", List.of("wo"),
            "longt5", List.of("wo"),
            "switch_transformers", List.of("wo"),
            "udop", List.of("wo"),
            "pop2piano", List.of("wo"),
            "deepseek_v32", List.of("weights_proj"),
            "glm_moe_dsa", List.of("weights_proj"));

    private static final Pattern TABLE = Pattern.compile(
            "(?:\\w*_)?embed(?:ding|dings|s)?(?:_\\w+)?|wte|wpe|shared|relative_attention_bias|pos_\\w*");
    private static final Pattern ROUTER = Pattern.compile("gate|router|\\w*expert_gate");
    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final List<String> EXPERT_COUNTS =
            List.of("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts", "num_experts_per_layer");
    private static final List<String> TABLE_ROWS = List.of("vocab_size", "max_position_embeddings", "type_vocab_size");

    /** Heads that are often tied to the embedding, and then have no tensor: by the end of the architecture's name. */
    private static final Map<String, List<String>> TIED_HEADS = Map.of(
            "ForCausalLM", List.of("lm_head"),
            "LMHeadModel", List.of("lm_head"),
            "ForConditionalGeneration", List.of("lm_head"),
            "ForMaskedLM", List.of("cls.predictions.decoder", "lm_head.decoder", "lm_head"),
            "ForPreTraining", List.of("cls.predictions.decoder", "lm_head.decoder", "lm_head"));

    private final Checkpoint checkpoint;
    private final ModelConfig text;
    private final String architecture;
    private final Set<String> withLayers = new HashSet<>();

    private StoredModules(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        ModelConfig config = checkpoint.config();
        this.text = config.languageModel();
        this.architecture = config.architectures().stream().findFirst().orElse("");
        for (String name : checkpoint.tensors().keySet()) {
            if (hasNumber(name)) {
                withLayers.add(component(name));
            }
        }
    }

    /**
     * The modules of {@code checkpoint} as a plan without a forward pass.
     *
     * @throws UnsupportedArchitectureException if its projections are stored transposed
     */
    public static ModelPlan plan(Checkpoint checkpoint) {
        return new StoredModules(checkpoint).plan();
    }

    /** Experts that are stacked in one tensor; no tool quantizes these one weight at a time. */
    public static List<TensorInfo> stackedExperts(Checkpoint checkpoint) {
        return checkpoint.tensors().values().stream()
                .filter(tensor -> tensor.shape().rank() == 3
                        && tensor.type().isFloatingPoint()
                        && List.of(tensor.name().split("\\.")).contains("experts"))
                .toList();
    }

    private ModelPlan plan() {
        String type = checkpoint.config().modelType().orElse("");
        if (TRANSPOSED.contains(type)) {
            throw new UnsupportedArchitectureException(
                    "Model type \"" + type + "\" stores its projections as [in, out]: rows"
                            + " are input channels, and groups would go across them",
                    "a checkpoint whose linear weights are [out, in]");
        }
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        for (TensorInfo tensor : checkpoint.tensors().values()) {
            int dot = tensor.name().lastIndexOf('.');
            String module = tensor.name().substring(0, Math.max(0, dot));
            if (!module.isEmpty()) {
                parameters.put(
                        tensor.name(),
                        new Parameter(tensor.name(), module, tensor.shape(), kind(module, tensor), true));
            }
        }
        List<Parameter> all = new ArrayList<>(parameters.values());
        tiedHeads(parameters).ifPresent(all::add);
        return new ModelPlan(
                type,
                new ModelClass("", ModelHead.LANGUAGE_MODEL, ModelClass.Family.OWN),
                all,
                List.of(),
                new ModelPlan.Tie(List.of(), false),
                new ModelPlan.Names("", List.of(), List.of(), Map.of()),
                new ModelPlan.Forward(null, null));
    }

    private Kind kind(String module, TensorInfo tensor) {
        boolean matrix = tensor.shape().rank() == 2 && tensor.type().isFloatingPoint();
        if (!matrix || !tensor.name().endsWith(".weight")) {
            return tensor.shape().rank() == 1 && tensor.name().endsWith(".bias") ? Kind.BIAS : Kind.OTHER;
        }
        String own = module.substring(module.lastIndexOf('.') + 1);
        if (TABLE.matcher(own).matches()) {
            return Kind.EMBEDDING;
        }
        boolean inBase = (architecture.endsWith("Model") && !architecture.endsWith("LMHeadModel"))
                || withLayers.isEmpty()
                || withLayers.contains(component(module));
        boolean sensitive = SENSITIVE
                .getOrDefault(checkpoint.config().modelType().orElse(""), List.of())
                .contains(own);
        return sensitive || isTableByShape(tensor) || isRouter(own, tensor) || !inBase ? Kind.HEAD : Kind.LINEAR;
    }

    /** A matrix with a row for each token or position. */
    private boolean isTableByShape(TensorInfo tensor) {
        return TABLE_ROWS.stream()
                .filter(text::isNumber)
                .anyMatch(key -> text.integer(key) == tensor.shape().dimension(0)
                        && (key.equals("vocab_size") || tensor.name().contains("position")));
    }

    private boolean isRouter(String own, TensorInfo tensor) {
        if (!ROUTER.matcher(own).matches()) {
            return false;
        }
        long rows = tensor.shape().dimension(0);
        return rows == 1 || EXPERT_COUNTS.stream().anyMatch(key -> text.isNumber(key) && text.integer(key) == rows);
    }

    /** The head that a tied model has without storing it; loaders have to be told to leave it as it is. */
    private Optional<Parameter> tiedHeads(Map<String, Parameter> stored) {
        for (Map.Entry<String, List<String>> heads : TIED_HEADS.entrySet()) {
            if (!architecture.endsWith(heads.getKey())) {
                continue;
            }
            for (String head : heads.getValue()) {
                boolean fits = head.indexOf('.') < 0
                        || stored.keySet().stream()
                                .anyMatch(name -> component(name).equals(component(head)));
                if (fits && !stored.containsKey(head + ".weight")) {
                    return stored.values().stream()
                            .filter(parameter -> parameter.kind() == Kind.EMBEDDING)
                            .findFirst()
                            .map(table -> new Parameter(head + ".weight", head, table.shape(), Kind.HEAD, false));
                }
            }
        }
        return Optional.empty();
    }

    private static boolean hasNumber(String name) {
        for (String part : name.split("\\.", -1)) {
            if (NUMBER.matcher(part).matches()) {
                return true;
            }
        }
        return false;
    }

    private static String component(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }
}
