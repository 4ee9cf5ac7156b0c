#!/bin/sh
# Install the engines that ours is measured against into an environment: install_peers.sh FOLDER
# llama.cpp is compiled here, for what this processor has; its AMX path is left out because GPT-2's large output
# product crashed with it.
set -eu
folder=$1
command -v c++ >/dev/null || sh "$(dirname "$0")/../../packaging/apt_install.sh" build-essential
flags="-DGGML_NATIVE=OFF"
has() { grep -m 1 '^flags' /proc/cpuinfo | grep -qw "$1"; }
add() { has "$1" && flags="$flags -DGGML_$2=ON" || true; }
add avx AVX
add avx2 AVX2
add fma FMA
add f16c F16C
add bmi2 BMI2
add avx512f AVX512
add avx512_vnni AVX512_VNNI
add avx512_vbmi AVX512_VBMI
add avx512_bf16 AVX512_BF16
add avx_vnni AVX_VNNI
echo "Compiling llama.cpp with:$flags" >&2
"$folder/bin/python" -m pip install --quiet ctranslate2==4.8.0
CMAKE_ARGS="$flags" "$folder/bin/python" -m pip install --quiet --no-binary llama-cpp-python llama-cpp-python==0.3.36
