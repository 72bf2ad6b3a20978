package io.modelassay.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.adapter.BaseModule.Kind;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule by which PEFT decides whether a module is a target. */
class TargetMatcherTest {
    private static final List<BaseModule> MODULES = Stream.of(
                    "model.embed_tokens",
                    "model.layers.0.self_attn.q_proj",
                    "model.layers.0.self_attn.o_proj",
                    "model.layers.1.self_attn.q_proj",
                    "model.layers.1.mlp.experts.7.w1",
                    "vision.blocks.0.attn.o_proj",
                    "lm_head")
            .map(name -> new BaseModule(
                    name,
                    name.equals("lm_head") ? Kind.HEAD : name.endsWith("embed_tokens") ? Kind.EMBEDDING : Kind.LINEAR,
                    Shape.of(8, 8)))
            .toList();

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "target_modules": ["q_proj"]                                                       | 1 3
            "target_modules": ["proj"]                                                         |
            "target_modules": ["o_proj"]                                                       | 2 5
            "target_modules": ["o_proj"], "exclude_modules": ["attn.o_proj"]                   | 2
            "target_modules": ["o_proj"], "exclude_modules": "vision.*"                        | 2
            "target_modules": ["q_proj", "lm_head"], "modules_to_save": ["lm_head"]            | 1 3
            "target_modules": ["lm_head", "embed_tokens"]                                      | 0 6
            "target_modules": "model\\\\..*\\\\.[qo]_proj"                                    | 1 2 3
            "target_modules": "q_proj"                                                         |
            "target_modules": "(?P<all>.*)q_proj"                                              | 1 3
            "target_modules": "all-linear"                                                     | 1 2 3 4 5
            "target_modules": "All-Linear", "exclude_modules": ["w1"]                          | 1 2 3 5
            "target_modules": ["q_proj", "w1"], "layers_to_transform": [1]                     | 3 4
            "target_modules": ["w1"], "layers_to_transform": [7]                               |
            "target_modules": ["q_proj"], "layers_to_transform": 0                             | 1
            "target_modules": ["model.layers.0.self_attn.q_proj"], "layers_to_transform": [1]  | 1
            "target_modules": ["o_proj"], "layers_to_transform": [0], "layers_pattern": "blocks" | 5
            "target_modules": ["o_proj"], "layers_to_transform": [0], "layers_pattern": [""]   | 2 5
            "target_parameters": ["q_proj.weight"]                                             |
            """)
    void modulesAreChosenAsPeftChoosesThem(String config, String expected) {
        AdapterConfig read =
                AdapterConfig.of(ModelConfig.parse("adapter_config.json", "{\"peft_type\": \"LORA\", " + config + "}"));
        List<Integer> chosen = new TargetMatcher(read, Optional.of("llama"))
                .targeted(MODULES).stream().map(MODULES::indexOf).toList();
        List<Integer> wanted = expected == null
                ? List.of()
                : Stream.of(expected.split(" ")).map(Integer::valueOf).toList();
        assertThat(chosen).isEqualTo(wanted);
    }

    @ParameterizedTest
    @CsvSource({"256,-1,16,16", "128,-1,8,16", "127,-1,1,127", "128,4,4,32", "640,-1,20,32", "512,8,8,64"})
    void sizesFactorAsPeftFactorsThem(long size, long factor, long small, long large) {
        assertThat(LokrMethod.factors(size, factor)).containsExactly(small, large);
    }
}
