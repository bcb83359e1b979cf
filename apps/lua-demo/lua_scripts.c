/* SPDX-License-Identifier: MIT */
/* The self-test's programs: each uses another part of the interpreter. */
#include "lua_scripts.h"

const struct lua_script lua_scripts[] = {
    {"arithmetic",
     "local a, b = 7 // 2, 7 % -3\n"
     "return string.format('%d %d %.3f %g %s', a, b, 2 ^ 0.5, 10 / 4, 1 << 40)",
     "3 -2 1.414 2.5 1099511627776"},
    {"sieve",
     "local n, count, crossed = 500, 0, {}\n"
     "for i = 2, n do\n"
     "  if not crossed[i] then\n"
     "    count = count + 1\n"
     "    for j = i * i, n, i do crossed[j] = true end\n"
     "  end\n"
     "end\n"
     "return count",
     "95"},
    {"queens",
     "local n, found = 6, 0\n"
     "local rows, up, down = {}, {}, {}\n"
     "local function place(column)\n"
     "  if column > n then found = found + 1 return end\n"
     "  for row = 1, n do\n"
     "    local a, b = row + column, row - column + n\n"
     "    if not (rows[row] or up[a] or down[b]) then\n"
     "      rows[row], up[a], down[b] = true, true, true\n"
     "      place(column + 1)\n"
     "      rows[row], up[a], down[b] = nil, nil, nil\n"
     "    end\n"
     "  end\n"
     "end\n"
     "place(1)\n"
     "return found",
     "4"},
    {"coroutines",
     "local function walk(n)\n"
     "  return coroutine.wrap(function()\n"
     "    for i = 1, n do coroutine.yield(i * i) end\n"
     "  end)\n"
     "end\n"
     "local sum = 0\n"
     "for square in walk(20) do sum = sum + square end\n"
     "return sum",
     "2870"},
    {"strings",
     "local words = {}\n"
     "for word in ('the quick brown fox jumps over the lazy dog'):gmatch('%a+') do\n"
     "  words[#words + 1] = word:upper():reverse()\n"
     "end\n"
     "table.sort(words)\n"
     "return table.concat(words, ',') .. ' ' .. utf8.char(0x41, 0xE9, 0x20AC):byte(1, -1)",
     "EHT,EHT,GOD,KCIUQ,NWORB,REVO,SPMUJ,XOF,YZAL 65"},
    {"objects",
     "local Account = {}\n"
     "Account.__index = Account\n"
     "Account.__add = function(a, b) return Account.new(a.balance + b.balance) end\n"
     "function Account.new(balance) return setmetatable({balance = balance}, Account) end\n"
     "function Account:pay(v)\n"
     "  if v > self.balance then error({left = self.balance}) end\n"
     "  self.balance = self.balance - v\n"
     "end\n"
     "local sum = Account.new(30) + Account.new(12)\n"
     "local good = pcall(sum.pay, sum, 40)\n"
     "local bad, why = pcall(sum.pay, sum, 40)\n"
     "return tostring(good) .. ' ' .. tostring(bad) .. ' ' .. why.left",
     "true false 2"},
    {"numbers",
     "local text = {}\n"
     "for _, x in ipairs({'0x1p4', '1e308', '-0.5', '0x7fffffffffffffff'}) do\n"
     "  text[#text + 1] = tostring(tonumber(x))\n"
     "end\n"
     "return table.concat(text, ' ') .. ' ' .. math.type(1) .. ' ' ..\n"
     "  string.format('%.10f', math.sin(1) ^ 2 + math.cos(1) ^ 2)",
     "16.0 1e+308 -0.5 9223372036854775807 integer 1.0000000000"},
    {"garbage",
     "local before = collectgarbage('count')\n"
     "for i = 1, 300 do local t = {} for j = 1, 20 do t[j] = {j} end end\n"
     "collectgarbage()\n"
     "return collectgarbage('count') < before + 8",
     "true"},
    {"packing",
     "local bytes = string.pack('<I4i2z', 0x12345678, -2, 'abc')\n"
     "local a, b, c = string.unpack('<I4i2z', bytes)\n"
     "return #bytes .. ' ' .. string.format('%x', a) .. ' ' .. b .. ' ' .. c",
     "10 12345678 -2 abc"},
    {"board", "return string.format('%08X', board.crc('\\1\\81'))", "5C5F6A64"},
};
const size_t lua_script_count = sizeof lua_scripts / sizeof lua_scripts[0];
