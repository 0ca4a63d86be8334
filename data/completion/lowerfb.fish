# SPDX-License-Identifier: LGPL-2.1-or-later
# Completes the lowerfb command in fish.

set -l commands lower show run compare bench cpu

complete -c lowerfb -f
complete -c lowerfb -n "not __fish_seen_subcommand_from $commands" -l version -d 'Show the version'
complete -c lowerfb -s h -l help -d 'Show the help'
complete -c lowerfb -n "not __fish_seen_subcommand_from $commands" -a lower -d 'Turn a reference model into one that computes in int8'
complete -c lowerfb -n "not __fish_seen_subcommand_from $commands" -a show -d 'Print the graph of a model'
complete -c lowerfb -n "not __fish_seen_subcommand_from $commands" -a run -d 'Run a model on tensors in a file'
complete -c lowerfb -n "not __fish_seen_subcommand_from $commands" -a compare -d 'Run two models on the same inputs and measure the differences'
complete -c lowerfb -n "not __fish_seen_subcommand_from $commands" -a bench -d 'Measure how long a model takes'
complete -c lowerfb -n "not __fish_seen_subcommand_from $commands" -a cpu -d 'Print what the CPU offers and what is used of it'

complete -c lowerfb -n '__fish_seen_subcommand_from lower show run compare bench' -a '(__fish_complete_suffix .safetensors)'
complete -c lowerfb -n '__fish_seen_subcommand_from lower run' -s o -l output -r -F -d 'Where the result goes'
complete -c lowerfb -n '__fish_seen_subcommand_from lower' -l keep-original-weights -d 'Keep the float weights beside the packed ones'
complete -c lowerfb -n '__fish_seen_subcommand_from lower' -l strict-upstream -d 'Lower only what PyTorch itself lowers'
complete -c lowerfb -n '__fish_seen_subcommand_from lower' -l report -x -a 'text json' -d 'Print what became of every quantized step'
complete -c lowerfb -n '__fish_seen_subcommand_from show' -l format -x -a 'text json dot' -d 'How to show it'
complete -c lowerfb -n '__fish_seen_subcommand_from bench' -s t -l threads -x -d 'How many threads work on a run'
complete -c lowerfb -n '__fish_seen_subcommand_from run bench' -l lower -d 'Lower the model first'
complete -c lowerfb -n '__fish_seen_subcommand_from bench' -l profile -d 'Tell how long each node takes'
complete -c lowerfb -n '__fish_seen_subcommand_from bench' -l plan -d 'Tell what a run is made of'
complete -c lowerfb -n '__fish_seen_subcommand_from lower show compare bench cpu' -l json -d 'Print JSON'
