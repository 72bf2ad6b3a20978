package io.modelassay.compatibility;

import io.modelassay.adapter.AdapterConfig;
import io.modelassay.adapter.AdapterLayout;
import io.modelassay.adapter.BaseModule;
import io.modelassay.adapter.BaseModules;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What versions of PEFT say of an adapter that names the embedding or the head of a model in which the two are one. */
final class TiedEnds {
    private static final Set<String> NAMES = Set.of("embed_tokens", "lm_head");
    private static final String PART =
            "UserWarning: Model has `tie_word_embeddings=True` and a tied layer is part of the adapter, but";

    private final PeftVersion version;
    private final AdapterConfig config;
    private final BaseModules base;
    private final AdapterLayout layout;
    private final boolean tied;

    TiedEnds(PeftVersion version, AdapterConfig config, BaseModules base, AdapterLayout layout, boolean always) {
        this.version = version;
        this.config = config;
        this.base = base;
        this.layout = layout;
        this.tied = always || base.isTied();
    }

    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        // PEFT 0.18 looks for these names alone, later versions for any path to them.
        boolean whole = version.is("tied_part_warning", "saved");
        boolean saved =
                config.modulesToSave().stream().anyMatch(module -> whole ? NAMES.contains(module) : isEnd(module));
        boolean named = config.targetModules().stream()
                .anyMatch(targets -> targets.names().stream().anyMatch(TiedEnds::isEnd)
                        || NAMES.stream().anyMatch(targets::matches));
        Set<String> asked = version.words("tied_part_warning");
        boolean part = (asked.contains("saved") && saved) || (asked.contains("targets") && named);
        if (!asked.isEmpty() && config.ensuresWeightTying()) {
            ensured(part, asked).ifPresent(warnings::add);
        } else if (part && tied) {
            warnings.add(PART
                    + (version.knowsKey(config.peftType(), "ensure_weight_tying")
                            ? " `ensure_weight_tying` is not set to True."
                            : " no implementation exists to tie the adapters.")
                    + " This can lead to complications, for example when merging the adapter or converting your model to"
                    + " formats other than safetensors. Check the discussion here:"
                    + " https://github.com/huggingface/peft/issues/2777");
        }
        targeted(warnings);
        return warnings;
    }

    private Optional<String> ensured(boolean part, Set<String> asked) {
        String requested = "UserWarning: You have requested `ensure_weight_tying`, but no tied modules ";
        if (!tied) {
            return Optional.of(requested + "were found in the model");
        }
        return part
                ? Optional.empty()
                : Optional.of(requested + "are added in "
                        + (asked.contains("targets")
                                ? "either `modules_to_save` or `target_modules`"
                                : "`modules_to_save`"));
    }

    /** Earlier versions say it of the modules that they found. */
    private void targeted(List<String> warnings) {
        List<String> found = layout.targeted().stream()
                .map(BaseModule::name)
                .filter(TiedEnds::isEnd)
                .map(name -> "'" + name + "'")
                .toList();
        if (base.isTied() && !found.isEmpty() && version.is("tied_target_warning", "present")) {
            warnings.add("UserWarning: Model with `tie_word_embeddings=True` and the tied_target_modules=["
                    + String.join(", ", found)
                    + "] are part of the adapter. This can lead to complications, for example when merging the adapter or"
                    + " converting your model to formats other than safetensors. See for example"
                    + " https://github.com/huggingface/peft/issues/2018.");
        }
    }

    private static boolean isEnd(String module) {
        return NAMES.contains(module.substring(module.lastIndexOf('.') + 1));
    }
}
